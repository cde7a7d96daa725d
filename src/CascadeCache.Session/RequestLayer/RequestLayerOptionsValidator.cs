using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CascadeCache.Session;

/// <summary>Finds every fault of the request layer's options at once, and that there is no cache for it to stand on.</summary>
internal sealed class RequestLayerOptionsValidator(IServiceProvider provider) : IValidateOptions<RequestLayerOptions>
{
    public ValidateOptionsResult Validate(string? name, RequestLayerOptions options)
    {
        var faults = new List<string>();
        for (int i = 0; i < options.KeyPrefixes.Count; i++)
        {
            if (string.IsNullOrEmpty(options.KeyPrefixes[i]))
            {
                faults.Add($"KeyPrefixes[{i}] of the request layer is {(options.KeyPrefixes[i] is null ? "null" : "empty")}: expected a text. For every key, set neither KeyPrefixes nor Includes.");
            }
        }

        // Every registration of a cache, keyed or not, brings a check of its options. It is the only trace that does not ask for a key.
        if (!provider.GetServices<IValidateOptions<CascadeCacheOptions>>().Any())
        {
            faults.Add("AddCascadeRequestLayer() was called and there is no cache for the layer to stand on: call AddCascadeDistributedCache() too.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
