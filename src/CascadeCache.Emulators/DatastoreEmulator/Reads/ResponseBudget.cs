using CascadeCache.Emulators.Datastore.Protocol;

namespace CascadeCache.Emulators.Datastore;

/// <summary>How much one response may hold. The service stops at about 4 MB or 300 entities, and clients have to ask for the rest.</summary>
internal sealed class ResponseBudget(int maxBytes, int maxEntities)
{
    public Filling Start() => new(maxBytes, maxEntities);

    /// <summary>One response being filled. The first result always fits, so that every request makes progress.</summary>
    internal sealed class Filling(int maxBytes, int maxEntities)
    {
        private long bytes;
        private int entities;

        public bool IsFull { get; private set; }

        public bool Take(EntityResult result)
        {
            var size = result.CalculateSize();
            if (entities > 0 && (bytes + size > maxBytes || entities >= maxEntities))
            {
                IsFull = true;
                return false;
            }

            bytes += size;
            entities++;
            return true;
        }
    }
}
