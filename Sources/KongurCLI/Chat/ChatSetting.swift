import Kongur

/// One of the values that `/set` changes.
struct ChatSetting {
    let name: String
    /// Its value, or nil where the model's authors' is taken.
    let read: (SamplingArguments) -> String?
    /// Takes a value; false for a text that is none.
    let write: (inout SamplingArguments, String) -> Bool

    static var all: [ChatSetting] {
        [
            optional("temperature", \.temperature) { $0 >= 0 && $0.isFinite },
            optional("top-p", \.topP) { $0 > 0 && $0 <= 1 },
            optional("top-k", \.topK) { $0 >= 0 },
            optional("min-p", \.minP) { (0...1).contains($0) },
            optional("repetition-penalty", \.repetitionPenalty) { $0 > 0 && $0.isFinite },
            plain("presence-penalty", \.presencePenalty),
            plain("frequency-penalty", \.frequencyPenalty),
            optional("max-new-tokens", \.maxNewTokens) { $0 > 0 },
            optional("thinking-budget", \.thinkingBudget) { $0 >= 0 },
            optional("seed", \.seed) { _ in true },
        ]
    }

    private static func optional<Value: LosslessStringConvertible>(
        _ name: String,
        _ path: WritableKeyPath<SamplingArguments, Value?>,
        _ isValid: @escaping (Value) -> Bool
    ) -> ChatSetting {
        ChatSetting(name: name) {
            $0[keyPath: path].map { "\($0)" }
        } write: { sampling, text in
            if text == "default" {
                sampling[keyPath: path] = nil
                return true
            }
            guard let value = Value(text), isValid(value) else { return false }
            sampling[keyPath: path] = value
            return true
        }
    }

    private static func plain(_ name: String, _ path: WritableKeyPath<SamplingArguments, Double>) -> ChatSetting {
        ChatSetting(name: name) {
            $0[keyPath: path] == 0 ? nil : "\($0[keyPath: path])"
        } write: { sampling, text in
            guard let value = text == "default" ? 0 : Double(text), (-2...2).contains(value) else { return false }
            sampling[keyPath: path] = value
            return true
        }
    }

    /// A line for each: its name and its value.
    static func lines(_ sampling: SamplingArguments) -> String {
        all.map { $0.name.padded(to: 20) + ($0.read(sampling) ?? "default") }.joined(separator: "\n")
    }

    /// Does what stands behind `/set`, and says what there is to say.
    static func apply(_ argument: String, to sampling: inout SamplingArguments) -> String {
        let words = argument.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first else { return lines(sampling) }
        let known = name.replacing("_", with: "-")
        guard let setting = all.first(where: { $0.name == known }) else {
            return "there is no setting \(name); there are \(all.map(\.name).joined(separator: ", "))"
        }
        guard words.count == 2 else { return "\(setting.name) is \(setting.read(sampling) ?? "default")" }
        guard setting.write(&sampling, words[1]) else { return "\(words[1]) is no value of \(setting.name)" }
        return "\(setting.name) is now \(setting.read(sampling) ?? "default")"
    }
}

extension String {
    fileprivate func padded(to count: Int) -> String {
        self + String(repeating: " ", count: max(1, count - self.count))
    }
}
