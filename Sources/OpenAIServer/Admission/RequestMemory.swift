import HTTPTypes
import InferenceEngine
import MemoryAccounting
import NIOCore

/// The memory that requests take: their bodies while they come and are parsed, and their answers until clients have read them.
struct RequestMemory: Sendable {
    /// Bytes for each connection: half of them its own, for buffers, a short body and a few tokens, and half shared.
    static let byteCountPerConnection = 64 << 10
    private static let allowance = 16 << 10
    /// Bytes that a byte of a body becomes at most beside values: its text, the prompt and tokens made of it.
    private static let growth = 12
    /// Bytes that a value of a parsed body takes at most, while the list that it is in grows.
    private static let byteCountPerValue = 112

    private let bodies: AccountMemory
    private let answers: AccountMemory
    /// For the server's life.
    private let connections: MemoryLease?

    init(_ ledger: MemoryLedger, connections: Int) {
        bodies = AccountMemory(ledger, .bodies, allowance: Self.allowance)
        answers = AccountMemory(ledger, .events, allowance: Self.allowance)
        self.connections = ledger.lease(connections * Self.byteCountPerConnection / 2, for: .connections)
    }

    /// For the body of a request.
    func body(of account: Account) -> AccountMemory.Share { AccountMemory.Share(bodies, for: account) }

    /// For what a client has not read yet.
    func answers(to account: Account) -> AccountMemory.Share { AccountMemory.Share(answers, for: account) }

    /// Takes what parsing a body needs beyond it, and waits for it for as long as `patience`.
    ///
    /// Throws a 413 for a body that would take more than there is, and a 503 when others take it for too long.
    func takeParsing(_ body: ByteBuffer, _ share: AccountMemory.Share, patience: Duration) async throws {
        let count = Self.parsedByteCount(body)
        guard count <= bodies.limit / 2 else {
            throw APIError(
                .contentTooLarge,
                type: "invalid_request_error",
                "the request takes \(count >> 20) MiB when it is parsed, and may take \(bodies.limit >> 21): send less at once, or raise --memory-mib or --max-connections",
                code: "memory_full"
            )
        }
        let end = ContinuousClock.now + patience
        while !share.take(count) {
            guard ContinuousClock.now < end else { throw Self.full }
            try await EventLoopTimer.sleep(for: .milliseconds(50))
        }
    }

    /// An upper bound of what a body becomes while it is parsed and made into tokens.
    static func parsedByteCount(_ body: ByteBuffer) -> Int {
        let separators = body.withUnsafeReadableBytes { bytes in
            bytes.reduce(into: 1) { count, byte in
                if byte == 0x2C || byte == 0x3A || byte == 0x5B || byte == 0x7B { count += 1 }
            }
        }
        return body.readableBytes * growth + separators * byteCountPerValue
    }

    static let full = APIError.memoryFull("too many long requests are being read: ask again later")
}
