using System.Reflection;
using CascadeCache.TestKit.Readme;

namespace CascadeCache.Session.Tests.Readme;

/// <summary>README.md names every option of the request layer with its default.</summary>
public sealed class RequestLayerReadmeTests
{
    [Fact]
    public void The_table_of_options_is_whole()
    {
        var options = new RequestLayerOptions();
        Assert.Empty(options.KeyPrefixes);
        Assert.Null(options.Includes);

        IEnumerable<string> rows = ReadmeText.Table("request layer option").Select(static row => string.Join(' ', row[..2]));
        Assert.Equal(["`KeyPrefixes` `[]`", "`Includes` `null`"], rows);
        Assert.Equal(["KeyPrefixes", "Includes"], typeof(RequestLayerOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(static property => property.Name));
    }
}
