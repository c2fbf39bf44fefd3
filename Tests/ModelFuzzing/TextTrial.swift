import DeviceRuntime
import ReferenceBackend
import Tensors
import XIR
package import XIRCompiler

/// Reads XIR text that may be wrong in any way, runs the passes on it and computes its functions.
package enum TextTrial {
    /// The forms of programs that texts become.
    package static let options: [CompilerOptions] = {
        var all = [CompilerOptions(), CompilerOptions(), CompilerOptions(), CompilerOptions()]
        all[1].weights = .int8
        all[2].weights = .int4
        all[3].target = .kunlun
        return all
    }()

    package static func run(_ text: String, _ options: CompilerOptions, _ mutation: inout Mutation) -> TrialOutcome {
        guard var module = try? Module(parsing: text), (try? module.verify()) != nil else { return .notRead }
        let ran = compute(module, &mutation)
        _ = PassReport("input", PassOutcome(), module, options)
        let passes = PassPipeline.standard(options)
        try? passes.run(on: &module) { (pass, module, outcome) throws(CompilerError) in
            _ = PassReport(pass.name, outcome, module, options)
        }
        _ = module.text
        _ = try? Compiler(options: options).compile(module, contextLength: 64, stopTokenIDs: [1])
        return ran ? .ran : .notRun
    }

    /// Runs the functions on small inputs.
    private static func compute(_ module: Module, _ mutation: inout Mutation) -> Bool {
        var ran = false
        for function in module.functions {
            var symbols: [String: Int] = [:]
            let types = function.parameters.map { function.type($0.value) }
            for symbol in types.flatMap(\.symbols).sorted() { symbols[symbol] = 1 + mutation.below(3) }
            let bound = types.map { $0.bound(symbols) }
            guard bound.allSatisfy({ ($0?.shape.elementCount ?? .max) <= 1 << 16 }) else { continue }
            var (inputs, states): ([Tensor], [Tensor]) = ([], [])
            for (parameter, type) in zip(function.parameters, bound) {
                guard let type else { continue }
                let tensor = Self.tensor(type, &mutation)
                if parameter.kind == .input { inputs.append(tensor) } else { states.append(tensor) }
            }
            let result = try? Interpreter.run(module, function: function.name, inputs: inputs, states: states)
            ran = ran || result != nil
        }
        return ran
    }

    private static func tensor(_ type: TensorType, _ mutation: inout Mutation) -> Tensor {
        var tensor = MutableTensor(type)
        tensor.withMutableBytes { bytes in
            let isWhole = [.int32, .int64, .bool].contains(type.elementType)
            let width = type.elementType.byteCount
            for place in bytes.indices {
                // Small whole numbers are indices that are there.
                let bound = !isWhole ? 256 : place % width == 0 ? 2 : 1
                bytes[place] = UInt8(mutation.below(bound))
            }
        }
        return tensor.freeze()
    }
}
