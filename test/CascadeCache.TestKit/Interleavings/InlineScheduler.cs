namespace CascadeCache.TestKit.Interleavings;

/// <summary>Runs a task at once, where it is started.</summary>
internal sealed class InlineScheduler(Action<Action> run) : TaskScheduler
{
    protected override void QueueTask(Task task) => run(() => TryExecuteTask(task));

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
