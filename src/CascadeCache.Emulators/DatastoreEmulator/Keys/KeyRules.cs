using System.Text;
using System.Text.RegularExpressions;
using CascadeCache.Emulators.Datastore.Protocol;
using IdCase = CascadeCache.Emulators.Datastore.Protocol.Key.Types.PathElement.IdTypeOneofCase;

namespace CascadeCache.Emulators.Datastore;

/// <summary>What a request's project, database and keys must look like, and their normal form.</summary>
internal static partial class KeyRules
{
    public const int MaxTextBytes = 1500;
    public const int MaxPathElements = 100;
    public const int MaxKeyBytes = 6 * 1024;

    /// <summary>Checks the two fields that every request carries and gives the partition of its default namespace.</summary>
    public static Partition Scope(string project, string database)
    {
        if (project.Length == 0)
        {
            throw DatastoreError.Invalid("The project id is missing.");
        }

        if (database == "(default)")
        {
            throw DatastoreError.Invalid("The default database is named by an empty database id, not by \"(default)\".");
        }

        CheckDimension(project, "project");
        CheckDimension(database, "database");
        return new Partition(project, database, "");
    }

    /// <summary>The partition that a key or a query names; what it leaves out comes from the request.</summary>
    public static Partition Resolve(Partition scope, PartitionId? partition)
    {
        if (partition is null)
        {
            return scope;
        }

        if (partition.ProjectId.Length != 0 && partition.ProjectId != scope.Project)
        {
            throw DatastoreError.Invalid($"mismatched projects within the request: {partition.ProjectId} vs. {scope.Project}");
        }

        if (partition.DatabaseId.Length != 0 && partition.DatabaseId != scope.Database)
        {
            throw DatastoreError.Invalid($"mismatched databases within the request: {partition.DatabaseId} vs. {scope.Database}");
        }

        CheckDimension(partition.NamespaceId, "namespace");
        if (IsReserved(partition.NamespaceId))
        {
            throw DatastoreError.Invalid($"The namespace \"{partition.NamespaceId}\" is reserved.");
        }

        return scope with { Namespace = partition.NamespaceId };
    }

    /// <summary>A key of which every element has an id or a name; reserved ones are refused for writes only.</summary>
    public static EntityKey Complete(Partition scope, Key? key, bool forWrite)
    {
        var partition = CheckPath(scope, key, forWrite);
        var last = key!.Path[^1];
        if (last.IdTypeCase == IdCase.None || (last.IdTypeCase == IdCase.Id && last.Id == 0))
        {
            throw DatastoreError.Invalid($"Key path is incomplete: [{last.Kind}: null]");
        }

        var complete = EntityKey.From(partition, key.Path);
        if (EntitySize.OfKey(complete.Partition.Namespace, key.Path) > MaxKeyBytes)
        {
            throw DatastoreError.Invalid($"The key is longer than {MaxKeyBytes} bytes.");
        }

        return complete;
    }

    /// <summary>Whether only the last element lacks its id. The id 0 reads as unset, as in the service.</summary>
    public static bool IsIncomplete(Key key) =>
        key.Path.Count > 0 && (key.Path[^1].IdTypeCase == IdCase.None || (key.Path[^1].IdTypeCase == IdCase.Id && key.Path[^1].Id == 0));

    /// <summary>Checks everything but the completeness of the last element.</summary>
    public static Partition CheckPath(Partition scope, Key? key, bool forWrite)
    {
        if (key is null || key.Path.Count == 0)
        {
            throw DatastoreError.Invalid("The key path is empty.");
        }

        if (key.Path.Count > MaxPathElements)
        {
            throw DatastoreError.Invalid($"The key path has more than {MaxPathElements} elements.");
        }

        for (var i = 0; i < key.Path.Count; i++)
        {
            CheckElement(key.Path[i], i == key.Path.Count - 1, forWrite);
        }

        return Resolve(scope, key.PartitionId);
    }

    public static bool IsReserved(string name) =>
        name.Length >= 4 && name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal);

    public static bool IsTooLong(string text) => text.Length * 3 > MaxTextBytes && Encoding.UTF8.GetByteCount(text) > MaxTextBytes;

    private static void CheckElement(Key.Types.PathElement element, bool last, bool forWrite)
    {
        CheckText(element.Kind, "kind", forWrite);
        switch (element.IdTypeCase)
        {
            case IdCase.Name:
                CheckText(element.Name, "name", forWrite);
                break;
            case IdCase.Id when element.Id < 0:
                throw DatastoreError.Invalid("The key path element id must not be negative.");
            case IdCase.None or IdCase.Id when !last && (element.IdTypeCase == IdCase.None || element.Id == 0):
                throw DatastoreError.Invalid($"Key path element must not be incomplete: [{element.Kind}: null]");
        }
    }

    private static void CheckText(string text, string what, bool forWrite)
    {
        if (text.Length == 0)
        {
            throw DatastoreError.Invalid($"The key path element {what} is the empty string.");
        }

        if (IsTooLong(text))
        {
            throw DatastoreError.Invalid($"The key path element {what} is longer than {MaxTextBytes} bytes.");
        }

        if (forWrite && IsReserved(text))
        {
            throw DatastoreError.Invalid($"The key path element {what} \"{text}\" is reserved.");
        }
    }

    private static void CheckDimension(string value, string what)
    {
        if (value.Length != 0 && !DimensionPattern().IsMatch(value))
        {
            throw DatastoreError.Invalid($"The {what} id \"{value}\" is not valid.");
        }
    }

    // A domain-scoped project ("example.com:shop") carries a colon besides what the other dimensions allow.
    [GeneratedRegex(@"\A[A-Za-z0-9._:\-]{1,100}\z")]
    private static partial Regex DimensionPattern();
}
