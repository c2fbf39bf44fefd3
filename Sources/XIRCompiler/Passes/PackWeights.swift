import Tensors
package import XIR

/// Puts weights into the panels that the processor's matrix kernels read (see `PackedLayout`).
///
/// For int8 and int4 those of `quantized_linear` and `quantized_embedding`; for bf16 those of `linear` and `embedding`,
/// rounded to it. A product that one `swiglu` alone takes becomes `packed_swiglu`.
package struct PackWeights: Pass {
    package let name = "pack-weights"
    let packing: PackedLayout.Packing
    let group: Int

    package init(_ packing: PackedLayout.Packing, group: Int) {
        self.packing = packing
        self.group = packing == .bfloat16 ? 2 : group
    }

    /// What the operations that are packed begin their names with.
    private var prefix: String { packing == .bfloat16 ? "" : "quantized_" }

    package func run(on module: inout Module) throws(CompilerError) -> PassOutcome {
        var outcome = PassOutcome()
        var constants = module.constants
        var uses = ConstantUses(module.functions)
        module.constants = [:]  // so that weights go when their panels are made
        for index in module.functions.indices {
            let gated = gatedProducts(module.functions[index])
            var waiting: [ValueID: Operation] = [:]
            var rewriter = FunctionRewriter(module.functions[index])
            do throws(XIRError) {
                module.functions[index] = try rewriter.rebuild { (operation, rewriter) throws(XIRError) in
                    switch operation.name {
                    case prefix + "linear":
                        if gated.contains(operation.results[0]) {
                            // Its swiglu takes its place.
                            waiting[operation.results[0]] = operation
                            return nil
                        }
                        return try pack(operation, "packed_linear", &rewriter, &constants, &uses, &outcome)
                    case prefix + "embedding":
                        return try pack(operation, "packed_embedding", &rewriter, &constants, &uses, &outcome)
                    case "swiglu":
                        guard operation.operands.count == 1, let product = waiting[operation.operands[0]] else {
                            return nil
                        }
                        return try pack(product, "packed_swiglu", &rewriter, &constants, &uses, &outcome)
                    default: return nil
                    }
                }
            } catch {
                throw CompilerError(.invalidModule, "\(name): \(error.message)", cause: error)
            }
            module.constants = constants
            _ = try EliminateDeadCode().run(on: &module)
            constants = module.constants
        }
        return outcome
    }

    /// Products without a bias that nothing but one swiglu takes.
    private func gatedProducts(_ function: Function) -> Set<ValueID> {
        var uses: [ValueID: Int] = [:]
        for operation in function.operations {
            for operand in operation.operands { uses[operand, default: 0] += 1 }
        }
        for result in function.results { uses[result.value, default: 0] += 1 }
        let plain = function.operations.filter {
            $0.name == prefix + "linear" && $0.operands.count == (prefix.isEmpty ? 2 : 3)
        }
        let products = Set(plain.map { $0.results[0] })
        let taken = function.operations.filter { $0.name == "swiglu" && $0.operands.count == 1 }.map { $0.operands[0] }
        return Set(taken.filter { products.contains($0) && uses[$0] == 1 })
    }

    private func pack(
        _ operation: Operation,
        _ packed: String,
        _ rewriter: inout FunctionRewriter,
        _ constants: inout [String: Constant],
        _ uses: inout ConstantUses,
        _ outcome: inout PassOutcome
    ) throws(XIRError) -> [ValueID]? {
        let sources = operation.operands[1...(packing == .bfloat16 ? 1 : 2)]
        let names = sources.compactMap { rewriter.definition($0, "constant")?.string("name") }
        let extents = rewriter.type(operation.operands[1]).extents
        guard names.count == sources.count, let rows = extents[0].fixed, let inputs = extents[1].fixed else {
            return nil
        }
        guard rewriter.type(operation.operands[0]).elementType != .int64 else {
            outcome.refuse("'\(operation.name)' takes numbers of 64 bits")
            return nil
        }
        let isGated = packed == "packed_swiglu"
        var attributes: [String: Attribute] = [
            "packing": .string(packing.rawValue), "features": .integer(isGated ? rows / 2 : rows),
            "group": .integer(group),
        ]
        guard let layout = PackedLayout(attributes, inputs: inputs, featuresPerResult: isGated ? 2 : 1) else {
            outcome.refuse("a matrix [\(rows), \(inputs)] cannot be packed in groups of \(group)")
            return nil
        }
        if packed == "packed_embedding" { attributes["width"] = .integer(inputs) }
        let name = "\(names[0]).\(packing.rawValue)\(isGated ? ".gated" : "")"
        if constants[name] == nil {
            let tensors = names.compactMap { constants[$0]?.tensor }
            guard tensors.count == names.count else { return nil }
            constants[name] = .tensor(
                layout.packed(tensors) {
                    isGated ? Self.gatedRow($0, features: rows / 2) : $0 < rows ? $0 : nil
                }
            )
        }
        for name in names { uses.release(name, from: &constants) }
        guard let constant = constants[name] else { return nil }
        outcome.rewrites += 1
        let operands =
            [operation.operands[0], rewriter.constant(name, constant)] + operation.operands.dropFirst(1 + names.count)
        return try rewriter.append(packed, operands, attributes)
    }

    /// The row of [gate | up] that a packed feature is: 16 of gate, and then their 16 of up.
    private static func gatedRow(_ feature: Int, features: Int) -> Int? {
        let half = PackedLayout.panelFeatures / 2
        let (panel, place) = (feature / PackedLayout.panelFeatures, feature % PackedLayout.panelFeatures)
        let row = panel * half + place % half
        guard row < features else { return nil }
        return place < half ? row : features + row
    }
}

extension PackedLayout {
    /// Panels of a matrix (one tensor for bf16, else numbers and scales), whose row for each feature `rowOf` names.
    func packed(_ tensors: [Tensor], _ rowOf: (Int) -> Int?) -> Tensor {
        var panels = MutableTensor(type)
        panels.withMutableBytes { bytes in
            for feature in 0..<self.panels * Self.panelFeatures {
                guard let row = rowOf(feature) else { continue }
                if packing == .bfloat16 {
                    packNumbers(of: row, tensors[0], feature, bytes)
                } else {
                    packIntegers(of: row, tensors[0], tensors[1], feature, bytes)
                }
            }
        }
        return panels.freeze()
    }

    private func packNumbers(of row: Int, _ matrix: Tensor, _ feature: Int, _ bytes: UnsafeMutableRawBufferPointer) {
        var numbers = [Float](repeating: 0, count: inputs)
        matrix.copyRow(row, to: &numbers)
        let start = weightOffset(feature: feature, group: 0)
        for input in 0..<inputs {
            let offset = start + input / 2 * 128 + input % 2 * 2
            bytes.storeBytes(of: BFloat16(numbers[input]).bitPattern, toByteOffset: offset, as: UInt16.self)
        }
    }

    private func packIntegers(
        of row: Int,
        _ numbers: Tensor,
        _ scales: Tensor,
        _ feature: Int,
        _ bytes: UnsafeMutableRawBufferPointer
    ) {
        let offset = packing.offset
        numbers.withBytes { numbers in
            scales.withBytes { scales in
                for g in 0..<groups {
                    let scale = scales.loadUnaligned(fromByteOffset: (row * groups + g) * 2, as: UInt16.self)
                    bytes.storeBytes(of: scale, toByteOffset: scaleOffset(feature: feature, group: g), as: UInt16.self)
                    let base = weightOffset(feature: feature, group: g)
                    let first = row * inputs + g * group
                    for i in 0..<min(group, inputs - g * group) {
                        let number = UInt8(truncatingIfNeeded: Int(Int8(bitPattern: numbers[first + i])) + offset)
                        let step = i / 4
                        if packing == .int8 {
                            bytes[base + step * 128 + i % 4] = number
                        } else {
                            bytes[base + step / 2 * 128 + i % 4] |= step % 2 == 0 ? number : number << 4
                        }
                    }
                }
            }
        }
    }
}
