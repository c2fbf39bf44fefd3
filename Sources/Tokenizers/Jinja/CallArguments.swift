/// Evaluated arguments of a call.
struct CallArguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []

    /// The argument at a position or, if it was not given there, by name.
    func value(_ position: Int, _ name: String) -> Value? {
        position < positional.count ? positional[position] : named.first { $0.name == name }?.value
    }

    /// Throws `failure` of a reason when there are arguments beyond the parameters.
    func check(
        _ parameters: [String],
        _ failure: (String) -> TokenizerError
    ) throws(TokenizerError) {
        guard positional.count <= parameters.count else {
            throw failure("takes \(parameters.count) arguments, not \(positional.count)")
        }
        for argument in named {
            guard let place = parameters.firstIndex(of: argument.name) else {
                throw failure("has no parameter '\(argument.name)'")
            }
            guard place >= positional.count else { throw failure("got '\(argument.name)' twice") }
        }
    }
}
