import CPUBackend
import Foundation
import ModelFuzzing
import ReferenceBackend

// A worker of scripts/fuzz-models.py, which starts it again behind an input that ends it:
//     FuzzModels SEED FIRST COUNT SCRATCH MODEL... -- TEXT...
// Writes the number of each input before it tries it, and how far it came after it. A COUNT of 0 leaves the input FIRST
// in SCRATCH and tries nothing.

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count > 4, let seed = UInt64(arguments[0]), let first = Int(arguments[1]), let count = Int(arguments[2])
else {
    print("usage: FuzzModels SEED FIRST COUNT SCRATCH MODEL... -- TEXT...")
    exit(2)
}
let scratch = arguments[3]
let files = arguments.dropFirst(4).split(separator: "--", omittingEmptySubsequences: false)
let corpus = Corpus(
    models: Array(files.first ?? []),
    texts: try files.dropFirst().joined().map { try String(contentsOfFile: $0, encoding: .utf8) },
    on: try CPUDevice(threads: 2),
    and: ReferenceDevice()
)
guard count > 0 else {
    print(try corpus.keep(first, seed: seed, in: scratch))
    exit(0)
}
/// At once, whatever becomes of the process.
func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

for number in first..<first + count {
    tell("\(number)")
    let (source, outcome) = try await corpus.attempt(number, seed: seed, in: scratch)
    tell("\(source): \(outcome.rawValue)")
}
