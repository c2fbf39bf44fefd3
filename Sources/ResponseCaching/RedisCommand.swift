import CHiredis

/// One command: its name and arguments, as bytes.
struct RedisCommand: Sendable, Hashable {
    var words: [[UInt8]]

    init(_ words: [String]) { self.words = words.map { Array($0.utf8) } }

    static func get(_ key: String) -> RedisCommand { RedisCommand(["GET", key]) }

    static func set(_ key: String, _ value: [UInt8], expiresIn: Duration?) -> RedisCommand {
        var command = RedisCommand(["SET", key])
        command.words.append(value)
        if let expiresIn {
            let milliseconds = max(1, Int(expiresIn / .milliseconds(1)))
            command.words += RedisCommand(["PX", String(milliseconds)]).words
        }
        return command
    }

    static func delete(_ key: String) -> RedisCommand { RedisCommand(["DEL", key]) }

    /// The command as Redis' protocol writes it.
    var encoded: [UInt8] {
        let joined = words.flatMap { $0 }
        var lengths = words.map(\.count)
        return joined.withUnsafeBytes { bytes in
            let base = bytes.bindMemory(to: CChar.self).baseAddress
            var offset = 0
            // An empty word needs a place too, which is not looked at.
            var places = words.map { word -> UnsafePointer<CChar>? in
                defer { offset += word.count }
                return base.map { $0 + offset }
            }
            var text: UnsafeMutablePointer<CChar>?
            let count = redisFormatCommandArgv(&text, Int32(words.count), &places, &lengths)
            defer { redisFreeCommand(text) }
            guard let text, count > 0 else { preconditionFailure("no memory for a command") }
            return Array(UnsafeRawBufferPointer(start: text, count: Int(count)))
        }
    }
}

/// What Redis answers to the commands above.
enum RedisReply: Sendable, Hashable {
    case bytes([UInt8])
    case status(String)
    case integer(Int)
    case none
    /// Redis refuses the command, and says why.
    case failure(String)

    /// Nil for a kind that none of the commands above has.
    init?(_ reply: redisReply) {
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
        switch reply.type {
        case REDIS_REPLY_STRING: self = .bytes(Array(bytes))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .failure(String(decoding: bytes.prefix(200), as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
        case REDIS_REPLY_NIL: self = .none
        default: return nil
        }
    }
}
