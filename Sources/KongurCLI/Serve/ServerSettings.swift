import ArgumentParser
import Configuration
import DeviceRuntime
import Foundation
import Kongur
import Logging
import OpenAIServer
import ResponseCaching
import SystemPackage
import TextGeneration

/// The settings of `kongur serve`: flags before the environment (`KONGUR_PORT`), before a YAML file (`port`).
///
/// Every value is looked up as text, so that one that does not fit is an error that names it, wherever it came from.
struct ServerSettings: CustomStringConvertible {
    private let reader: ConfigReader
    /// What whoever starts the server should know of the environment.
    let environment: SettingsEnvironment

    /// `flags` names all settings, with nil for those that are not given.
    ///
    /// Throws when the file cannot be read, is not YAML, or names a setting that there is not.
    init(
        flags: [String: ConfigContent?],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        file: String?
    ) async throws {
        let given = flags.compactMapValues { $0 }.map {
            (AbsoluteConfigKey([$0.key]), ConfigValue($0.value, isSecret: false))
        }
        self.environment = SettingsEnvironment(environment, settings: flags.keys)
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: Dictionary(uniqueKeysWithValues: given)),
            EnvironmentVariablesProvider(environmentVariables: self.environment.variables)
                .prefixKeys(with: "kongur"),
        ]
        if let file = file ?? environment["KONGUR_CONFIG"] {
            do {
                providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(file)))
            } catch {
                throw KongurError(
                    .invalidInput,
                    "\(file): the settings cannot be read: \(error.systemReason)",
                    cause: error
                )
            }
            try SettingsFile(file).check(names: Array(flags.keys))
        }
        reader = ConfigReader(providers: providers)
    }

    func string(_ name: String) throws -> String? {
        if reader.string(forKey: key(name)) == nil, let list = reader.stringArray(forKey: key(name)) {
            throw wrong(name, list.joined(separator: ", "), "is one value and not a list")
        }
        return try reader.string(forKey: key(name)).map { text in
            if text.isEmpty { throw wrong(name, text, "must not be empty") }
            return text
        }
    }

    func int(_ name: String, in range: ClosedRange<Int> = 1...(1 << 40)) throws -> Int? {
        try string(name).map { text in
            guard let value = Int(text), range.contains(value) else {
                throw wrong(name, text, "is a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    func seconds(_ name: String) throws -> Duration? {
        try string(name).map { text in
            guard let value = Double(text), value > 0, value <= 1e6 else {
                throw wrong(name, text, "is a number of seconds above 0 and at most a million")
            }
            return .seconds(value)
        }
    }

    func flag(_ name: String) throws -> Bool? {
        try string(name).map { text in
            switch text.lowercased() {
            case "true", "yes", "1": true
            case "false", "no", "0": false
            default: throw wrong(name, text, "is true or false")
            }
        }
    }

    func list(_ name: String) -> [String] {
        // A file may have one value where there can be several.
        reader.stringArray(forKey: key(name)) ?? reader.string(forKey: key(name)).map { [$0] } ?? []
    }

    /// The options of the model.
    ///
    /// Throws for a value that does not fit.
    func model() throws -> ModelArguments {
        do {
            let names = try ModelArguments.parse([]).values.keys
            var arguments = try names.sorted().filter { !ModelArguments.flags.contains($0) }.compactMap { name in
                try string(name).map { "--\(name)=\($0)" }
            }
            for name in ModelArguments.flags.sorted() where try flag(name) == true { arguments.append("--\(name)") }
            return try ModelArguments.parse(arguments)
        } catch let error as KongurError {
            throw error
        } catch {
            throw KongurError(.invalidInput, ModelArguments.message(for: error), cause: error)
        }
    }

    /// The system message for conversations that bring none.
    func system() throws -> String? {
        let text = try string("system")
        guard let name = try string("preset") else { return text }
        guard text == nil else { throw KongurError(.invalidInput, "--system and --preset exclude each other") }
        guard let preset = SystemPreset(rawValue: name) else {
            let names = SystemPreset.allCases.map(\.rawValue).joined(separator: " or ")
            throw wrong("preset", name, "is \(names)")
        }
        return preset.text
    }

    /// Whether the model is to think where a request does not say.
    func reasoning() throws -> ReasoningMode {
        guard let name = try string("reasoning") else { return .automatic }
        guard let mode = ReasoningMode(rawValue: name) else { throw wrong("reasoning", name, "is auto, on or off") }
        return mode
    }

    /// Where the log goes, and how.
    func log() throws -> LogOutput {
        let name = try string("log-format") ?? "text"
        guard let format = LogFormat(rawValue: name) else { throw wrong("log-format", name, "is text or json") }
        return LogOutput(format)
    }

    func logger(_ output: LogOutput) throws -> Logger {
        let name = try string("log-level") ?? "info"
        guard let level = Logger.Level(rawValue: name) else {
            throw wrong("log-level", name, "is \(Self.logLevels)")
        }
        var logger = Logger(label: "kongur") { _ in LineLogHandler(output) }
        logger.logLevel = level
        return logger
    }

    /// The levels of the log by their names.
    static let logLevels =
        Logger.Level.allCases.dropLast().map(\.rawValue).joined(separator: ", ") + " or "
        + (Logger.Level.allCases.last?.rawValue ?? "")

    private func key(_ name: String) -> ConfigKey { ConfigKey([name]) }

    private func wrong(_ name: String, _ text: String, _ expected: String) -> KongurError {
        KongurError(.invalidInput, "--\(name) is '\(text)'; it \(expected)")
    }
}

extension ServerSettings {
    /// Throws for a value that does not fit.
    func configuration() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        func set<Value>(_ path: WritableKeyPath<ServerConfiguration, Value>, _ value: Value?) {
            if let value { configuration[keyPath: path] = value }
        }
        set(\.host, try string("host"))
        set(\.port, try int("port", in: 0...65535))
        configuration.tlsCertificate = try string("tls-certificate")
        configuration.tlsKey = try string("tls-key")
        configuration.keys = try keys("api-key", .user) + keys("admin-key", .admin)
        configuration.keysFile = try string("keys-file")
        set(\.allowAnonymous, try flag("allow-anonymous"))
        set(\.hasOpenMetrics, try flag("open-metrics"))
        configuration.allowedHosts = list("allowed-host")
        configuration.allowedOrigins = list("cors-origin")
        set(\.refusesUnknownFields, try flag("strict-fields"))
        set(\.maxQueuedRequests, try int("max-queued-requests", in: 0...1_000_000))
        set(\.maxQueuedTokens, try int("max-queued-tokens"))
        configuration.requestsPerMinute = try int("requests-per-minute", in: 1...1_000_000)
        set(\.responseCache, try responseCache())
        set(\.responseCacheByteCount, try int("response-cache-mib", in: 1...1_000_000).map { $0 << 20 })
        set(\.responseCacheTimeToLive, try seconds("response-cache-ttl"))
        set(\.sharesResponses, try flag("share-responses"))
        configuration.batches.folder = try string("batch-folder")
        set(\.batches.concurrency, try int("batch-concurrency", in: 1...10_000))
        set(\.batches.lines, try int("batch-lines", in: 1...1_000_000))
        set(\.batches.fileByteCount, try int("batch-file-mib", in: 1...1_000_000).map { $0 << 20 })
        set(\.batches.files, try int("batch-files", in: 1...1_000_000))
        set(\.batches.byteCount, try int("batch-storage-mib", in: 1...100_000_000).map { $0 << 20 })
        set(\.maxConnections, try int("max-connections", in: 1...1_000_000))
        configuration.maxConnectionsPerAddress = try int("max-connections-per-address", in: 1...1_000_000)
        configuration.maxBodySize = try int("max-body-size", in: 1...(1 << 30))
        set(\.readTimeout, try seconds("read-timeout"))
        set(\.writeTimeout, try seconds("write-timeout"))
        set(\.requestTimeout, try seconds("request-timeout"))
        set(\.drainTimeout, try seconds("drain-timeout"))
        set(\.keepAlive, try seconds("keep-alive"))
        set(\.javaScriptFolder, try string("javascript-folder"))
        return configuration
    }

    private func responseCache() throws -> CacheLocation? {
        try string("response-cache").map { text in
            do {
                return try CacheLocation(parsing: text)
            } catch {
                // What was given is not repeated: it may hold a password.
                throw KongurError(.invalidInput, "--response-cache: \(error)", cause: error)
            }
        }
    }

    private func keys(_ name: String, _ role: APIKey.Role) throws -> [APIKey] {
        try list(name).enumerated().map { index, key in
            guard key.utf8.count >= 8 else {
                throw KongurError(
                    .invalidInput,
                    "--\(name): a key has at least 8 characters; `kongur keys add` makes good ones"
                )
            }
            return APIKey(name: "\(name)-\(index + 1)", role: role, key: key)
        }
    }

    /// Every setting as the YAML that would give it, secrets masked; those with a default of the model are left out.
    var description: String {
        let unmasked = (try? configuration()) ?? ServerConfiguration()
        func seconds(_ duration: Duration) -> String { String(duration / .seconds(1)) }
        func quoted(_ text: String) -> String {
            "\""
                + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
                .replacingOccurrences(of: "\n", with: "\\n") + "\""
        }
        func quotedList(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }
        func masked(_ name: String) -> String { quotedList(list(name).map { _ in "****" }) }
        func optional(_ name: String) -> String? { (try? string(name)).flatMap { $0 }.map(quoted) }
        let lines: [(String, String?)] = [
            ("host", quoted(unmasked.host)),
            ("port", String(unmasked.port)),
            ("model", optional("model")),
            ("device", optional("device")),
            ("weights", optional("weights")),
            ("quantize", optional("quantize")),
            ("kv-cache", optional("kv-cache")),
            ("threads", reader.string(forKey: key("threads"))),
            ("context-length", reader.string(forKey: key("context-length"))),
            ("speculate", optional("speculate")),
            ("no-fallback", (try? string("no-fallback")).flatMap { $0 }),
            ("verify", (try? string("verify")).flatMap { $0 }),
            ("chat-template-kwargs", optional("chat-template-kwargs")),
            ("allow-special-tokens", (try? string("allow-special-tokens")).flatMap { $0 }),
            ("model-name", optional("model-name")),
            ("system", optional("system")),
            ("preset", optional("preset")),
            ("reasoning", optional("reasoning")),
            ("strict-fields", String(unmasked.refusesUnknownFields)),
            ("max-sequences", reader.string(forKey: key("max-sequences"))),
            ("memory-mib", reader.string(forKey: key("memory-mib"))),
            ("cache-mib", reader.string(forKey: key("cache-mib"))),
            ("keys-file", unmasked.keysFile.map(quoted)),
            ("api-key", masked("api-key")),
            ("admin-key", masked("admin-key")),
            ("allow-anonymous", String(unmasked.allowAnonymous)),
            ("open-metrics", String(unmasked.hasOpenMetrics)),
            ("allowed-host", quotedList(unmasked.allowedHosts)),
            ("cors-origin", quotedList(unmasked.allowedOrigins)),
            ("tls-certificate", unmasked.tlsCertificate.map(quoted)),
            ("tls-key", unmasked.tlsKey.map(quoted)),
            ("max-queued-requests", String(unmasked.maxQueuedRequests)),
            ("max-queued-tokens", String(unmasked.maxQueuedTokens)),
            ("requests-per-minute", unmasked.requestsPerMinute.map(String.init)),
            ("response-cache", quoted(unmasked.responseCache.description)),
            ("response-cache-mib", String(unmasked.responseCacheByteCount >> 20)),
            ("response-cache-ttl", seconds(unmasked.responseCacheTimeToLive)),
            ("share-responses", String(unmasked.sharesResponses)),
            ("batch-folder", unmasked.batches.folder.map(quoted)),
            ("batch-concurrency", String(unmasked.batches.concurrency)),
            ("batch-lines", String(unmasked.batches.lines)),
            ("batch-file-mib", String(unmasked.batches.fileByteCount >> 20)),
            ("batch-files", String(unmasked.batches.files)),
            ("batch-storage-mib", String(unmasked.batches.byteCount >> 20)),
            ("max-connections", String(unmasked.maxConnections)),
            ("max-connections-per-address", unmasked.maxConnectionsPerAddress.map(String.init)),
            ("max-body-size", unmasked.maxBodySize.map(String.init)),
            ("read-timeout", seconds(unmasked.readTimeout)),
            ("write-timeout", seconds(unmasked.writeTimeout)),
            ("request-timeout", seconds(unmasked.requestTimeout)),
            ("drain-timeout", seconds(unmasked.drainTimeout)),
            ("keep-alive", seconds(unmasked.keepAlive)),
            ("javascript-folder", quoted(unmasked.javaScriptFolder)),
            ("log-level", quoted(reader.string(forKey: key("log-level"), default: "info"))),
            ("log-format", quoted(reader.string(forKey: key("log-format"), default: "text"))),
        ]
        return lines.compactMap { name, value in value.map { "\(name): \($0)\n" } }.joined()
    }
}
