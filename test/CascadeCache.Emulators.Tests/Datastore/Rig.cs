using CascadeCache.Emulators.Datastore.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Api = CascadeCache.Emulators.Datastore.Protocol.Datastore;
using Mode = CascadeCache.Emulators.Datastore.Protocol.CommitRequest.Types.Mode;

namespace CascadeCache.Emulators.Tests.Datastore;

/// <summary>An emulator on a loopback port with a clock that stands still, and a client that speaks to it over gRPC.</summary>
internal sealed class Rig : IAsyncDisposable
{
    public const string Project = "test-project";
    private readonly GrpcChannel channel;

    private Rig(DatastoreEmulator emulator, FakeTimeProvider time)
    {
        Emulator = emulator;
        Time = time;
        channel = GrpcChannel.ForAddress($"http://{emulator.Host}", new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
        Client = new Api.DatastoreClient(channel);
    }

    public DatastoreEmulator Emulator { get; }

    public FakeTimeProvider Time { get; }

    public Api.DatastoreClient Client { get; }

    public static async Task<Rig> StartAsync(Action<DatastoreEmulatorOptions>? configure = null, FakeTimeProvider? time = null)
    {
        time ??= new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var options = new DatastoreEmulatorOptions { TimeProvider = time };
        configure?.Invoke(options);
        return new Rig(await DatastoreEmulator.StartAsync(options, TestContext.Current.CancellationToken), time);
    }

    public static Key Named(string name, string kind = "Thing") =>
        new() { Path = { new Key.Types.PathElement { Kind = kind, Name = name } } };

    public static Key Incomplete(string kind = "Thing") => new() { Path = { new Key.Types.PathElement { Kind = kind } } };

    public static Value Int(long value) => new() { IntegerValue = value };

    public static Value Text(string value) => new() { StringValue = value };

    public static Value List(params Value[] values) => new() { ArrayValue = new ArrayValue { Values = { values } } };

    public static Entity Entity(string name, params (string Name, Value Value)[] properties) => Entity(Named(name), properties);

    public static Entity Entity(Key key, params (string Name, Value Value)[] properties)
    {
        var entity = new Entity { Key = key };
        foreach (var (name, value) in properties)
        {
            entity.Properties.Add(name, value);
        }

        return entity;
    }

    public static Mutation Upsert(string name, params (string Name, Value Value)[] properties) => new() { Upsert = Entity(name, properties) };

    public static Mutation Delete(string name) => new() { Delete = Named(name) };

    public async Task<CommitResponse> CommitAsync(params Mutation[] mutations) =>
        await CommitAsync(new CommitRequest { Mode = Mode.NonTransactional, Mutations = { mutations } });

    public async Task<CommitResponse> CommitAtomicAsync(params Mutation[] mutations) =>
        await CommitAsync(new CommitRequest { Mode = Mode.Transactional, SingleUseTransaction = new TransactionOptions(), Mutations = { mutations } });

    public async Task<CommitResponse> CommitAsync(ByteString transaction, params Mutation[] mutations) =>
        await CommitAsync(new CommitRequest { Mode = Mode.Transactional, Transaction = transaction, Mutations = { mutations } });

    public async Task<CommitResponse> CommitAsync(CommitRequest request)
    {
        request.ProjectId = request.ProjectId.Length == 0 ? Project : request.ProjectId;
        return await Client.CommitAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    public async Task<LookupResponse> LookupAsync(ReadOptions? options, params Key[] keys) =>
        await LookupAsync(new LookupRequest { ReadOptions = options, Keys = { keys } });

    public async Task<LookupResponse> LookupAsync(LookupRequest request)
    {
        request.ProjectId = request.ProjectId.Length == 0 ? Project : request.ProjectId;
        return await Client.LookupAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>The entity of a name that is there.</summary>
    public async Task<EntityResult> GetAsync(string name) => Assert.Single((await LookupAsync(null, Named(name))).Found);

    public async Task<ByteString> BeginAsync(TransactionOptions? options = null)
    {
        var request = new BeginTransactionRequest { ProjectId = Project, TransactionOptions = options };
        return (await Client.BeginTransactionAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Transaction;
    }

    public async Task<QueryResultBatch> QueryAsync(Query query, ReadOptions? options = null)
    {
        var request = new RunQueryRequest { ProjectId = Project, Query = query, ReadOptions = options };
        return (await Client.RunQueryAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Batch;
    }

    public static async Task<RpcException> RefusedAsync(StatusCode code, Task call)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.True(refusal.StatusCode == code, $"Expected {code}, got {refusal.Status}");
        return refusal;
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await Emulator.DisposeAsync();
    }
}
