package import ResponseCaching

/// How a server listens, whom it lets in, and how much it takes on.
package struct ServerConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 takes a free port.
    package var port = 8000
    package var tlsCertificate: String?
    package var tlsKey: String?

    /// Keys by the names of their holders.
    package var keys: [APIKey] = []
    /// See `KeyFile`.
    package var keysFile: String?
    /// Whether a server that others can reach may do without keys.
    package var allowAnonymous = false
    /// Whether `/metrics` needs no key where others do.
    package var hasOpenMetrics = false
    /// Names under which clients may address the server; empty takes the loopback names when it listens there, every name
    /// where keys are needed, and otherwise addresses and names that nobody can register.
    package var allowedHosts: [String] = []
    /// Origins whose pages may ask, such as `https://chat.example.org`; `*` is all.
    package var allowedOrigins: [String] = []

    /// Answers that may wait for a place in the batch.
    package var maxQueuedRequests = 256
    /// Prompt tokens of the answers that wait.
    package var maxQueuedTokens = 262_144
    /// Requests of one key; nil is no limit.
    package var requestsPerMinute: Int?
    package var maxConnections = 1024
    /// Of one client's address; nil is no limit but `maxConnections`.
    package var maxConnectionsPerAddress: Int?
    /// Where answers are kept that would be the same again.
    package var responseCache = CacheLocation.memory
    /// Bytes of answers in memory or in the file.
    package var responseCacheByteCount = 64 << 20
    /// For an answer to be kept.
    package var responseCacheTimeToLive: Duration = .seconds(86_400)
    /// Whether the holder of one key may get the answers of another one's.
    package var sharesResponses = false
    /// Jobs that are worked on while nobody waits.
    package var batches = BatchConfiguration()
    /// Whether a request with a field that no server of this interface is known to have is refused.
    package var refusesUnknownFields = false
    /// Bytes of a request's body; nil is enough for the model's context.
    package var maxBodySize: Int?
    /// For a request's head and body to arrive; a longer body must bring a little in each such time.
    package var readTimeout: Duration = .seconds(30)
    /// For a client to read on.
    package var writeTimeout: Duration = .seconds(60)
    /// For an answer to be complete.
    package var requestTimeout: Duration = .seconds(3600)
    /// For running answers to finish when the server ends.
    package var drainTimeout: Duration = .seconds(30)
    /// Between comments that keep a quiet stream alive.
    package var keepAlive: Duration = .seconds(5)
    /// Work without a token for this long means that the engine hangs.
    package var progressTimeout: Duration = .seconds(60)

    /// Where the web page's JavaScript packages are, as Debian lays them out.
    package var javaScriptFolder = "/usr/share/javascript"

    package init() {}

    /// The memory that connections may take together.
    package var connectionByteCount: Int { maxConnections * RequestMemory.byteCountPerConnection }

    /// The memory that kept answers may take.
    package var answerByteCount: Int { responseCache == .memory ? responseCacheByteCount : 0 }

    /// Host and port, as URLs write them.
    package var address: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

    /// Whether nobody on another machine can reach the server.
    package var isLoopback: Bool {
        ["localhost", "::1", "[::1]"].contains(host) || host.hasPrefix("127.")
    }
}
