import CHiredis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connection to Redis, for one thread; blocks, but never beyond a deadline, however its other end behaves.
///
/// After an error it is of no use any more.
final class RedisConnection {
    /// Longer replies are not waited for.
    private static let longestReply = 64 << 20

    private let context: UnsafeMutablePointer<redisContext>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let name: String
    /// Whether the other end has closed it.
    private(set) var isClosed = false

    /// Connects, and speaks as whom the address says.
    ///
    /// Looking up a host's name is not bound by the deadline.
    init(_ address: RedisAddress, until deadline: ContinuousClock.Instant) throws(CacheError) {
        name = address.description
        let made =
            switch address.endpoint {
            case .tcp(let host, let port): redisConnectNonBlock(host, Int32(port))
            case .unix(let path): redisConnectUnixNonBlock(path)
            }
        guard let made else { throw CacheError(.unavailable, "\(name): no memory for a connection") }
        context = made
        functions = .allocate(capacity: 1)
        functions.initialize(to: redisReplyObjectFunctions())
        guard made.pointee.err == 0, let reader = made.pointee.reader else {
            throw failure(.unavailable, "cannot connect: \(Self.text(made.pointee.errstr))")
        }
        functions.update(from: reader.pointee.fn, count: 1)
        // No command here is answered with a list, and a false one can claim any length.
        functions.pointee.createArray = { _, _ in nil }
        reader.pointee.fn = functions
        try waitUntilConnected(deadline)
        for reply in try run(address.greeting, until: deadline) {
            if case .failure(let reason) = reply { throw failure(.refused, reason) }
        }
    }

    deinit {
        redisFree(context)
        functions.deallocate()
    }

    /// Sends commands, one behind the other, and returns their replies in that order.
    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) throws(CacheError) -> [RedisReply] {
        var replies: [RedisReply] = []
        var unsent = commands.flatMap(\.encoded)[...]
        while replies.count < commands.count {
            let ready = try wait(for: POLLIN | (unsent.isEmpty ? 0 : POLLOUT), deadline)
            if ready & POLLOUT != 0 { try send(&unsent) }
            // What the other end said before it closed is in the buffer.
            if ready & ~POLLOUT != 0 { try receive(&replies) }
        }
        guard unsent.isEmpty, replies.count == commands.count else {
            throw failure(.damaged, "it answers what was not asked")
        }
        return replies
    }

    private func waitUntilConnected(_ deadline: ContinuousClock.Instant) throws(CacheError) {
        _ = try wait(for: POLLOUT, deadline)
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &error, &length)
        if error != 0 { throw failure(.unavailable, "cannot connect: \(String(cString: strerror(error)))") }
    }

    private func wait(for events: Int32, _ deadline: ContinuousClock.Instant) throws(CacheError) -> Int32 {
        while true {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { throw failure(.timedOut, "did not answer in time") }
            var descriptor = pollfd(fd: context.pointee.fd, events: Int16(events), revents: 0)
            if poll(&descriptor, 1, Int32(left.rounded(.up))) > 0 { return Int32(descriptor.revents) }
        }
    }

    private func send(_ unsent: inout ArraySlice<UInt8>) throws(CacheError) {
        let count = unsent.withUnsafeBytes {
            // Not `write`: the end of the connection must not be a signal.
            Self.write(context.pointee.fd, $0.baseAddress, $0.count, Self.noSignal)
        }
        if count > 0 {
            unsent = unsent.dropFirst(count)
        } else if count < 0, ![EAGAIN, EWOULDBLOCK, EINTR].contains(errno) {
            throw closed()
        }
    }

    private func receive(_ replies: inout [RedisReply]) throws(CacheError) {
        guard redisBufferRead(context) == REDIS_OK else {
            let isEnd = context.pointee.err == REDIS_ERR_EOF || context.pointee.err == REDIS_ERR_IO
            throw isEnd ? closed() : failure(.damaged, Self.text(context.pointee.errstr))
        }
        while true {
            var reply: UnsafeMutableRawPointer?
            guard redisGetReplyFromReader(context, &reply) == REDIS_OK else {
                throw failure(.damaged, "it does not speak Redis' protocol: \(Self.text(context.pointee.errstr))")
            }
            guard let reply else { break }
            defer { freeReplyObject(reply) }
            guard let known = RedisReply(reply.assumingMemoryBound(to: redisReply.self).pointee) else {
                throw failure(.damaged, "it answers what was not asked")
            }
            replies.append(known)
        }
        guard context.pointee.reader.pointee.len <= Self.longestReply else {
            throw failure(.damaged, "its reply has no end")
        }
    }

    #if canImport(Glibc)
        private static let write = Glibc.send
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #else
        private static let write = Darwin.send
        private static let noSignal: Int32 = 0
    #endif

    private func closed() -> CacheError {
        isClosed = true
        return failure(.unavailable, "closed the connection")
    }

    private func failure(_ code: CacheError.Code, _ reason: String) -> CacheError {
        CacheError(code, "\(name): \(reason)")
    }

    /// C's array of characters in a structure.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
