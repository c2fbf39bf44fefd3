import ReferenceBackend
import XIR
import XIRCompiler

/// Prints and checks modules between passes.
struct PassObserver {
    private let printAfter: Set<String>
    private let checker: PassChecker?
    private var previous: Module?
    /// The relative difference of the logits by position in the list of passes.
    private(set) var differences: [Double?] = []

    init(printAfter: Set<String>, options: CompilerOptions, checks: Bool) {
        self.printAfter = printAfter
        checker = checks ? PassChecker(device: ReferenceDevice(), options: options, tokens: [1, 2, 3, 4, 5]) : nil
    }

    mutating func see(_ pass: String, _ module: Module) throws(CompilerError) {
        if printAfter.contains(pass) { Console.print("// after \(pass)\n\(module.text)") }
        guard let checker else { return }
        if let before = previous {
            differences.append(before == module ? nil : try checker.check(pass, before: before, after: module))
        } else {
            differences.append(nil)
        }
        previous = module
    }
}
