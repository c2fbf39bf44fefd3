import ArgumentParser
import Configuration
import Logging
import OpenAIServer
import TextGeneration

/// The flags of `kongur serve`; what is not given is looked up in the environment and the file.
struct ServerArguments: ParsableArguments {
    @Option(help: "The address to listen on. Default: 127.0.0.1, which no other machine can reach.")
    var host: String?

    @Option(help: "The port; 0 takes a free one. Default: 8000.")
    var port: Int?

    @Option(help: "What clients call the model; by default its own name.")
    var modelName: String?

    @Option(help: ArgumentHelp("A system message for conversations that bring none.", valueName: "text"))
    var system: String?

    @Option(
        help: ArgumentHelp(
            "A ready system message: \(SystemPreset.allCases.map(\.rawValue).joined(separator: " or ")).",
            valueName: "name"
        ),
        completion: Completions.presets
    )
    var preset: String?

    @Option(
        help: ArgumentHelp(
            "Whether the model thinks where a request does not say: as it does by itself, always offered, or not. Default: auto.",
            valueName: "auto|on|off"
        ),
        completion: .list(ReasoningMode.allCases.map(\.rawValue))
    )
    var reasoning: String?

    @Flag(help: "Refuse requests with fields that no server of this interface is known to have.")
    var strictFields = false

    @Option(help: "Answers that are computed at once, at most; by default the compiled model's limit.")
    var maxSequences: Int?

    @Option(
        help:
            "MiB that the server may hold, all in all; keys and values get what the rest leaves. By default, what the machine and its control groups have left is the limit."
    )
    var memoryMib: Int?

    @Option(
        help:
            "MiB for keys and values; by default as much as all answers at once can use, but no more than half of what the rest leaves, or with --memory-mib all of it."
    )
    var cacheMib: Int?

    @Option(help: ArgumentHelp("A file of API keys, as `kongur keys` writes it.", valueName: "path"))
    var keysFile: String?

    @Option(help: ArgumentHelp("An API key; may be given several times.", valueName: "key"))
    var apiKey: [String] = []

    @Option(help: ArgumentHelp("An API key that also opens /admin.", valueName: "key"))
    var adminKey: [String] = []

    @Flag(help: "Let everybody ask, also where others can reach the server.")
    var allowAnonymous = false

    @Flag(help: "Answer /metrics without a key, for scrapers and endpoint pickers that have none.")
    var openMetrics = false

    @Option(
        help: ArgumentHelp(
            "A name that clients may use in Host; may be given several times. Default: on 127.0.0.1, localhost; elsewhere any name where keys are needed, and without keys addresses and names of private networks.",
            valueName: "name"
        )
    )
    var allowedHost: [String] = []

    @Option(help: ArgumentHelp("An origin whose pages may ask; may be given several times.", valueName: "origin"))
    var corsOrigin: [String] = []

    @Option(help: ArgumentHelp("The certificate, in PEM form, for HTTPS.", valueName: "path"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key, in PEM form.", valueName: "path"))
    var tlsKey: String?

    @Option(help: "Answers that may wait, at most. Default: 256.")
    var maxQueuedRequests: Int?

    @Option(help: "Prompt tokens of the answers that wait, at most. Default: 262144.")
    var maxQueuedTokens: Int?

    @Option(help: "Requests a minute for each key, at most; by default there is no limit.")
    var requestsPerMinute: Int?

    @Option(
        help: ArgumentHelp(
            "Where answers are kept that would be the same again: off, memory, sqlite:PATH, redis://HOST:PORT or unix:///PATH. Default: memory.",
            discussion:
                "A request is answered from it when it was asked before with temperature 0 or a seed; a header X-Kongur-Cache says so.",
            valueName: "place"
        )
    )
    var responseCache: String?

    @Option(help: "MiB of answers in memory or in the file; Redis has limits of its own. Default: 64.")
    var responseCacheMib: Int?

    @Option(help: "Seconds for an answer to be kept. Default: 86400.")
    var responseCacheTtl: Double?

    @Flag(help: "Let the holders of different keys get each other's answers.")
    var shareResponses = false

    @Option(help: "Connections at once, at most. Default: 1024.")
    var maxConnections: Int?

    @Option(
        help:
            "Connections at once from one address, at most. Default: no limit of its own; when all connections are taken, those that wait for their clients make room, first of the address that has most."
    )
    var maxConnectionsPerAddress: Int?

    @Option(
        help: ArgumentHelp(
            "Where files and batches are kept; without it there are no batch jobs.",
            valueName: "path"
        )
    )
    var batchFolder: String?

    @Option(help: "Lines of batches that are asked at once, behind all other requests. Default: 32.")
    var batchConcurrency: Int?

    @Option(help: "Lines of one batch, at most. Default: 50000.")
    var batchLines: Int?

    @Option(help: "MiB of one file, at most. Default: 200.")
    var batchFileMib: Int?

    @Option(help: "Files, and batches under way, of all API keys together, at most. Default: 1000.")
    var batchFiles: Int?

    @Option(help: "MiB of all files, lines and results together, at most. Default: 10240.")
    var batchStorageMib: Int?

    @Option(help: "Bytes of a request's body, at most; by default enough for the context.")
    var maxBodySize: Int?

    @Option(help: "Seconds for a request's head, and for its body, to arrive. Default: 30.")
    var readTimeout: Double?

    @Option(help: "Seconds for a client to read on. Default: 60.")
    var writeTimeout: Double?

    @Option(help: "Seconds for an answer to be complete. Default: 3600.")
    var requestTimeout: Double?

    @Option(help: "Seconds for running answers to finish when the server ends. Default: 30.")
    var drainTimeout: Double?

    @Option(help: "Seconds between comments that keep a quiet stream alive. Default: 5.")
    var keepAlive: Double?

    @Option(
        help: ArgumentHelp(
            "Where the web page's JavaScript packages are, as Debian lays them out. Default: /usr/share/javascript.",
            valueName: "path"
        )
    )
    var javascriptFolder: String?

    @Option(
        help: ArgumentHelp(
            "What is logged: \(ServerSettings.logLevels). Default: info.",
            valueName: "level"
        ),
        completion: .list(Logger.Level.allCases.map(\.rawValue))
    )
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "How it is logged: as lines of text, or a JSON object in each line. Default: text.",
            valueName: "text|json"
        ),
        completion: .list(LogFormat.allCases.map(\.rawValue))
    )
    var logFormat: String?

    /// What was given, as text, by the names that the environment and the file use too; nil for what was not.
    var values: [String: ConfigContent?] {
        var values: [String: ConfigContent?] = [:]
        func add(_ name: String, _ value: (some LosslessStringConvertible)?) {
            values.updateValue(value.map { .string(String($0)) }, forKey: name)
        }
        func add(_ name: String, _ list: [String]) {
            values.updateValue(list.isEmpty ? nil : .stringArray(list), forKey: name)
        }
        add("host", host)
        add("port", port)
        add("model-name", modelName)
        add("system", system)
        add("preset", preset)
        add("reasoning", reasoning)
        add("strict-fields", strictFields ? true : nil)
        add("max-sequences", maxSequences)
        add("memory-mib", memoryMib)
        add("cache-mib", cacheMib)
        add("keys-file", keysFile)
        add("api-key", apiKey)
        add("admin-key", adminKey)
        add("allow-anonymous", allowAnonymous ? true : nil)
        add("open-metrics", openMetrics ? true : nil)
        add("allowed-host", allowedHost)
        add("cors-origin", corsOrigin)
        add("tls-certificate", tlsCertificate)
        add("tls-key", tlsKey)
        add("max-queued-requests", maxQueuedRequests)
        add("max-queued-tokens", maxQueuedTokens)
        add("requests-per-minute", requestsPerMinute)
        add("response-cache", responseCache)
        add("response-cache-mib", responseCacheMib)
        add("response-cache-ttl", responseCacheTtl)
        add("share-responses", shareResponses ? true : nil)
        add("batch-folder", batchFolder)
        add("batch-concurrency", batchConcurrency)
        add("batch-lines", batchLines)
        add("batch-file-mib", batchFileMib)
        add("batch-files", batchFiles)
        add("batch-storage-mib", batchStorageMib)
        add("max-connections", maxConnections)
        add("max-connections-per-address", maxConnectionsPerAddress)
        add("max-body-size", maxBodySize)
        add("read-timeout", readTimeout)
        add("write-timeout", writeTimeout)
        add("request-timeout", requestTimeout)
        add("drain-timeout", drainTimeout)
        add("keep-alive", keepAlive)
        add("javascript-folder", javascriptFolder)
        add("log-level", logLevel)
        add("log-format", logFormat)
        return values
    }
}
