import Tensors
import XIR

/// A compiled model as `program.json` spells it.
struct ModelRecord: Codable {
    struct Value: Codable {
        var type: String
        /// `input 0`, `constant 3`, `state 1` or `arena 4096`.
        var place: String
    }

    struct State: Codable {
        var name: String
        var type: String
    }

    struct ConstantRecord: Codable {
        var name: String
        var type: String
        var offset: Int
    }

    struct Step: Codable {
        var operation: String
        var operands: [Int]
        var results: [Int]
        var attributes: [String: AttributeRecord]
    }

    struct AttributeRecord: Codable {
        var integer: Int?
        var float: Double?
        var bool: Bool?
        var string: String?
        var elementType: String?
        var integers: [Int]?
        var extents: [String]?
    }

    struct Cache: Codable {
        var layers: Int
        var kvHeads: Int
        var headDim: Int
        var blockSize: Int
        var elementType: String
    }

    var version: Int
    var name: String
    var vocabularySize: Int
    var contextLength: Int
    var stopTokenIDs: [Int]
    var cache: Cache
    var values: [Value]
    var inputs: [Int]
    var outputs: [Int]
    var inputNames: [String]
    var outputNames: [String]
    var states: [State]
    var constants: [ConstantRecord]
    var steps: [Step]
    var limits: [String: Int]
    var arenaByteCount: Int
    var weightByteCount: Int
    /// See `ModelDigest.weights`; older files lack it.
    var weightsDigest: String?
    /// See `WeightPieces`; only in files, and older ones lack it.
    var weightsPieces: String?
}

extension ModelRecord {
    init(_ model: CompiledModel, offsets: [Int], weightByteCount: Int) {
        let program = model.program
        version = CompiledModelFile.version
        name = program.name
        vocabularySize = model.vocabularySize
        contextLength = model.contextLength
        stopTokenIDs = model.stopTokenIDs.sorted()
        cache = Cache(
            layers: model.cache.layers,
            kvHeads: model.cache.kvHeads,
            headDim: model.cache.headDim,
            blockSize: model.cache.blockSize,
            elementType: model.cache.elementType.rawValue
        )
        values = program.values.map { Value(type: $0.type.description, place: Self.text($0.place)) }
        inputs = program.inputs
        outputs = program.outputs
        inputNames = program.inputNames
        outputNames = program.outputNames
        states = program.states.map { State(name: $0.name, type: $0.type.description) }
        constants = zip(program.constants, offsets).map { constant, offset in
            ConstantRecord(name: constant.name, type: constant.tensor.type.description, offset: offset)
        }
        steps = program.steps.map { step in
            Step(
                operation: step.operation,
                operands: step.operands,
                results: step.results,
                attributes: step.attributes.mapValues { AttributeRecord($0) }
            )
        }
        limits = program.limits
        arenaByteCount = program.arenaByteCount
        self.weightByteCount = weightByteCount
        weightsDigest = model.weightsDigest
    }

    /// The model, checked; its constants are views of `weights`.
    func model(path: String, weights: MappedFile) throws(DeviceError) -> CompiledModel {
        func invalid(_ reason: String) -> DeviceError { DeviceError(.invalidProgram, "\(path): \(reason)") }
        func type(_ text: String) throws(DeviceError) -> ValueType {
            guard let type = ValueType(parsing: text) else {
                throw invalid(
                    "'\(text.prefix(100))' is no type; one is written as f32[tokens, 64], with numbers up to \(Extent.largestNumber)"
                )
            }
            return type
        }
        guard let cacheType = ElementType(rawValue: cache.elementType) else {
            throw invalid("cache.elementType is '\(cache.elementType)', which is no element type")
        }
        var program = Program(
            name: name,
            inputs: inputs,
            outputs: outputs,
            inputNames: inputNames,
            outputNames: outputNames,
            limits: limits,
            arenaByteCount: arenaByteCount
        )
        for value in values {
            guard let place = Self.place(value.place) else { throw invalid("'\(value.place)' is no place") }
            program.values.append(ProgramValue(try type(value.type), place))
        }
        for state in states { program.states.append(ProgramState(state.name, try type(state.type))) }
        for constant in constants {
            guard let tensorType = try type(constant.type).bound([:]) else {
                throw invalid("constant '\(constant.name)' has no fixed type")
            }
            guard constant.offset % CompiledModelFile.pageSize == 0 else {
                throw invalid(
                    "constant '\(constant.name)' begins at \(constant.offset), not at a multiple of \(CompiledModelFile.pageSize)"
                )
            }
            do {
                let tensor = try Tensor(tensorType, storage: weights.storage, byteOffset: constant.offset)
                program.constants.append(ProgramConstant(constant.name, tensor))
            } catch {
                throw DeviceError(
                    .invalidProgram,
                    "\(path): constant '\(constant.name)': \(error.message)",
                    cause: error
                )
            }
        }
        for step in steps {
            var attributes: [String: Attribute] = [:]
            for (name, record) in step.attributes {
                guard let attribute = record.attribute else { throw invalid("attribute '\(name)' is not sound") }
                attributes[name] = attribute
            }
            program.steps.append(
                ProgramStep(step.operation, step.operands, results: step.results, attributes: attributes)
            )
        }
        let model = CompiledModel(
            program: program,
            cache: KVCacheLayout(
                layers: cache.layers,
                kvHeads: cache.kvHeads,
                headDim: cache.headDim,
                blockSize: cache.blockSize,
                elementType: cacheType
            ),
            vocabularySize: vocabularySize,
            contextLength: contextLength,
            stopTokenIDs: Set(stopTokenIDs),
            weightsDigest: weightsDigest
        )
        do throws(DeviceError) {
            try program.validate()
            try model.validate()
        } catch {
            throw DeviceError(error.code, "\(path): \(error.message)", cause: error)
        }
        return model
    }

    private static func text(_ place: ProgramValue.Place) -> String {
        switch place {
        case .input(let position): "input \(position)"
        case .constant(let position): "constant \(position)"
        case .state(let position): "state \(position)"
        case .arena(let offset): "arena \(offset)"
        }
    }

    private static func place(_ text: String) -> ProgramValue.Place? {
        let words = text.split(separator: " ")
        guard words.count == 2, let number = Int(words[1]), number >= 0 else { return nil }
        return switch words[0] {
        case "input": .input(number)
        case "constant": .constant(number)
        case "state": .state(number)
        case "arena": .arena(offset: number)
        default: nil
        }
    }
}

extension ModelRecord.AttributeRecord {
    init(_ attribute: Attribute) {
        switch attribute {
        case .integer(let value): integer = value
        case .float(let value): float = value
        case .bool(let value): bool = value
        case .string(let value): string = value
        case .elementType(let value): elementType = value.rawValue
        case .integers(let value): integers = value
        case .extents(let value): extents = value.map(\.description)
        }
    }

    var attribute: Attribute? {
        if let integer { return .integer(integer) }
        if let float { return .float(float) }
        if let bool { return .bool(bool) }
        if let string { return .string(string) }
        if let elementType { return ElementType(rawValue: elementType).map { .elementType($0) } }
        if let integers { return .integers(integers) }
        guard let extents else { return nil }
        let parsed = extents.map { Extent(parsing: $0) }
        return parsed.contains(nil) ? nil : .extents(parsed.compactMap { $0 })
    }
}
