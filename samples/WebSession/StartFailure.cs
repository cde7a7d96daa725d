using System.Data.Common;
using System.Net.Sockets;

namespace WebSession;

/// <summary>What can keep the application from starting without being a bug of it: a line for people and an exit code instead of a stack trace.</summary>
internal static class StartFailure
{
    private const int CouldNotStart = 1;
    private const int BadSetting = 2;

    // FormatException: an address in --urls that is none.
    public static bool IsExpected(Exception e) =>
        e is BadSettingException or FormatException or IOException or SocketException or UnauthorizedAccessException or DbException;

    public static string Describe(Exception e) => "The sample cannot start: " + e.Message;

    public static int ExitCode(Exception e) => e is BadSettingException or FormatException ? BadSetting : CouldNotStart;
}
