/// System messages for what small reasoning models are asked most.
package enum SystemPreset: String, CaseIterable, Sendable {
    case olympiad
    case competitiveCoding = "competitive-coding"

    /// Put first when a request has no system message.
    package var text: String {
        switch self {
        case .olympiad:
            """
            You are a careful solver of competition mathematics. Think step by step, check each step, and consider \
            edge cases before you settle on a result. Give the final answer within \\boxed{}.
            """
        case .competitiveCoding:
            """
            You are an expert in competitive programming. Work out the algorithm and its complexity first, test it by \
            hand on the examples and on edge cases, and then give one complete program in a single code block.
            """
        }
    }
}
