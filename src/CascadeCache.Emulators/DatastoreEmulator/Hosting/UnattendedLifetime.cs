using Microsoft.Extensions.Hosting;

namespace CascadeCache.Emulators.Datastore;

/// <summary>Takes no signals: whoever started the emulator in its process ends it, and Ctrl+C stays the process's own.</summary>
internal sealed class UnattendedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
