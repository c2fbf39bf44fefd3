import DeviceRuntime

/// A question about the vendor's calls that public sources leave open, with the answers that an operator library can take.
package struct KunlunReading: Sendable, Hashable {
    /// `FUNCTION.QUESTION`, such as `swiglu.gate`.
    package var name: String
    package var choices: [String]
    /// The position of the choice in use.
    package var chosen: Int

    package init(name: String, choices: [String], chosen: Int) {
        self.name = name
        self.choices = choices
        self.chosen = chosen
    }

    /// The operation of programs that the function runs.
    var operation: String {
        let function = String(name.prefix { $0 != "." })
        return function == "linear_int8" ? "quantized_linear" : function
    }

    /// The choices of `KONGUR_KUNLUN_READINGS`: `swiglu.gate=second,paged_attention.heads=grouped`.
    ///
    /// Throws `.invalidInput` where it is of another form.
    static func choices(_ text: String) throws(DeviceError) -> [(name: String, choice: String)] {
        var choices: [(name: String, choice: String)] = []
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false).map { side in
                String(side.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard sides.count == 2, !sides.contains("") else {
                throw DeviceError(
                    .invalidInput,
                    "KONGUR_KUNLUN_READINGS is NAME=CHOICE, with commas between several, not '\(part)'"
                )
            }
            choices.append((sides[0], sides[1]))
        }
        return choices
    }
}
