using System.Globalization;
using CascadeCache.Memcache.Protocol;

namespace CascadeCache.Memcache.Connections;

/// <summary>
/// Sending. One at a time: whoever sets <c>_isSending</c> owns the stream's writing side and the buffer <c>_sending</c>, and what others queue meanwhile
/// goes out in the next write, all of it together.
/// </summary>
internal sealed partial class MemcacheConnection
{
    /// <summary>Under the gate. True: the caller has to send; otherwise somebody else does.</summary>
    private bool TakeSending()
    {
        if (_isSending)
        {
            return false;
        }

        _isSending = true;
        if (_unsent.Length <= MaxDirectBytes)
        {
            return true;
        }

        PassToWriter();
        return false;
    }

    /// <summary>Under the gate, with sending taken.</summary>
    private void PassToWriter()
    {
        if (_writer is null)
        {
            _writer = new Thread(RunWriter) { IsBackground = true, Name = string.Create(CultureInfo.InvariantCulture, $"mc-writer:{_address.Port} {_address.Host}") };
            _writer.Start();
        }

        _writerWork.Release();
    }

    private void RunWriter()
    {
        while (true)
        {
            _writerWork.Wait();
            if (Failure is not null)
            {
                return; // woken by the end of the connection: sending may be somebody else's at this moment
            }

            SendOnce();
        }
    }

    private void SendOnce()
    {
        lock (_gate)
        {
            (_unsent, _sending) = (_sending, _unsent);
        }

        try
        {
            Write(_sending);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Close(MemcacheFault.ConnectionLost, e);
        }

        lock (_gate)
        {
            _sending.Clear();
            if (_unsent.Length == 0)
            {
                _isSending = false;
            }
            else
            {
                PassToWriter();
            }
        }
    }

    private void Write(OutgoingBuffer buffer)
    {
        if (!_settings.Options.UseTls)
        {
            _stream.Write(buffer.Bytes.Span);
            return;
        }

        int start = 0;
        foreach (int end in buffer.RecordEnds)
        {
            _stream.Write(buffer.Bytes.Span[start..end]);
            start = end;
        }

        _stream.Write(buffer.Bytes.Span[start..]);
    }
}
