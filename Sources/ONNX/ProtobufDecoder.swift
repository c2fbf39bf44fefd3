import SwiftProtobuf
import Tensors

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Turns protobuf messages into our values, checking sizes and kinds on the way.
struct ProtobufDecoder {
    /// Where external data is looked for; nil leaves references.
    let folder: String?
    private var mappedFiles: [String: MappedFile] = [:]

    init(folder: String?) {
        self.folder = folder
    }

    mutating func model(_ proto: Onnx_ModelProto) throws(ONNXError) -> Model {
        guard proto.hasGraph else { throw ONNXError(.malformed, "holds no graph: not an ONNX model") }
        var operatorSets: [String: Int] = [:]
        for set in proto.opsetImport {
            // "ai.onnx" is another name of the standard domain.
            operatorSets[set.domain == "ai.onnx" ? "" : set.domain] = Int(set.version)
        }
        return Model(
            irVersion: Int(proto.irVersion),
            producerName: proto.producerName,
            producerVersion: proto.producerVersion,
            operatorSets: operatorSets,
            graph: try graph(proto.graph),
            metadata: Dictionary(proto.metadataProps.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        )
    }

    private mutating func graph(_ proto: Onnx_GraphProto) throws(ONNXError) -> Graph {
        var graph = Graph(name: proto.name)
        for node in proto.node { graph.nodes.append(try self.node(node)) }
        for initializer in proto.initializer { graph.initializers.append(try self.initializer(initializer)) }
        for input in proto.input { graph.inputs.append(try valueInfo(input)) }
        for output in proto.output { graph.outputs.append(try valueInfo(output)) }
        return graph
    }

    private mutating func node(_ proto: Onnx_NodeProto) throws(ONNXError) -> Node {
        var node = Node(
            proto.opType,
            proto.input,
            outputs: proto.output,
            name: proto.name,
            domain: proto.domain == "ai.onnx" ? "" : proto.domain
        )
        for attribute in proto.attribute {
            do throws(ONNXError) {
                let value = try self.attribute(attribute)
                guard node.attributes.updateValue(value, forKey: attribute.name) == nil else {
                    throw ONNXError(.malformed, "is given twice")
                }
            } catch {
                throw ONNXError(
                    error.code,
                    "\(node): attribute '\(attribute.name)' \(error.message)",
                    cause: error.cause
                )
            }
        }
        return node
    }

    private mutating func attribute(_ proto: Onnx_AttributeProto) throws(ONNXError) -> Attribute {
        // The numbers of AttributeProto.AttributeType.
        switch proto.type {
        case 1: return .float(proto.f)
        case 2: return .integer(Int(proto.i))
        case 3: return .string(try string(proto.s))
        case 4: return .tensor(try tensor(proto.t))
        case 5: return .graph(try graph(proto.g))
        case 6: return .floats(proto.floats)
        case 7: return .integers(proto.ints.map { Int($0) })
        case 8:
            var strings: [String] = []
            for bytes in proto.strings { strings.append(try string(bytes)) }
            return .strings(strings)
        default: throw ONNXError(.unsupported, "is of the unsupported kind \(proto.type)")
        }
    }

    private func string(_ bytes: Data) throws(ONNXError) -> String {
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw ONNXError(.malformed, "is a string that is not UTF-8")
        }
        return string
    }

    private func valueInfo(_ proto: Onnx_ValueInfoProto) throws(ONNXError) -> ValueInfo {
        guard proto.type.hasTensorType, let elementType = ElementType(onnxNumber: Int(proto.type.tensorType.elemType))
        else {
            let number = proto.type.tensorType.elemType
            throw ONNXError(.unsupported, "'\(proto.name)' is not a tensor of a supported type (type number \(number))")
        }
        guard proto.type.tensorType.hasShape else { return ValueInfo(proto.name, elementType, nil) }
        var dimensions: [ValueInfo.Dimension] = []
        for dimension in proto.type.tensorType.shape.dim {
            if dimension.hasDimValue {
                guard dimension.dimValue >= 0 else {
                    throw ONNXError(.malformed, "'\(proto.name)' has an axis of negative length")
                }
                dimensions.append(.fixed(Int(dimension.dimValue)))
            } else {
                dimensions.append(dimension.dimParam.isEmpty ? .unknown : .named(dimension.dimParam))
            }
        }
        return ValueInfo(proto.name, elementType, dimensions)
    }

    private mutating func initializer(_ proto: Onnx_TensorProto) throws(ONNXError) -> Initializer {
        guard !proto.name.isEmpty else { throw ONNXError(.malformed, "an initializer has no name") }
        do throws(ONNXError) {
            if proto.dataLocation == 1, folder == nil {
                let type = try tensorType(proto)
                return Initializer(proto.name, try externalData(proto, type), type)
            }
            return Initializer(proto.name, try tensor(proto))
        } catch {
            throw ONNXError(error.code, "initializer '\(proto.name)' \(error.message)", cause: error.cause)
        }
    }

    private func tensorType(_ proto: Onnx_TensorProto) throws(ONNXError) -> TensorType {
        guard let elementType = ElementType(onnxNumber: Int(proto.dataType)) else {
            throw ONNXError(.unsupported, "has the unsupported element type number \(proto.dataType)")
        }
        let shape = Shape(proto.dims.map { Int($0) })
        guard let count = shape.checkedElementCount, count.multipliedReportingOverflow(by: 8).overflow == false else {
            throw ONNXError(.malformed, "has the impossible shape \(shape)")
        }
        return TensorType(elementType, shape)
    }

    private mutating func tensor(_ proto: Onnx_TensorProto) throws(ONNXError) -> Tensor {
        let type = try tensorType(proto)
        if proto.dataLocation == 1 { return try external(externalData(proto, type), type) }
        if proto.hasRawData {
            return try copy(type, proto.rawData.count, "raw bytes") { bytes in
                proto.rawData.withUnsafeBytes { bytes.copyMemory(from: $0) }
            }
        }
        switch type.elementType {
        case .float32: return try elements(type, proto.floatData) { $0 }
        case .int64: return try elements(type, proto.int64Data) { $0 }
        case .int32: return try elements(type, proto.int32Data) { $0 }
        case .float16, .bfloat16: return try elements(type, proto.int32Data) { UInt16(truncatingIfNeeded: $0) }
        case .int8, .uint8: return try elements(type, proto.int32Data) { UInt8(truncatingIfNeeded: $0) }
        case .bool: return try elements(type, proto.int32Data) { $0 == 0 ? UInt8(0) : 1 }
        }
    }

    private func elements<Field, Element: BitwiseCopyable>(
        _ type: TensorType,
        _ field: [Field],
        _ convert: (Field) -> Element
    ) throws(ONNXError) -> Tensor {
        try copy(type, field.count * MemoryLayout<Element>.size, "bytes of elements") { bytes in
            field.map(convert).withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
    }

    private func copy(
        _ type: TensorType,
        _ byteCount: Int,
        _ what: String,
        _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(ONNXError) -> Tensor {
        guard byteCount == type.byteCount else {
            throw ONNXError(.malformed, "of type \(type) needs \(type.byteCount) bytes, but has \(byteCount) \(what)")
        }
        var tensor = MutableTensor(type)
        tensor.withMutableBytes { bytes in fill(bytes) }
        return tensor.freeze()
    }

    private func externalData(_ proto: Onnx_TensorProto, _ type: TensorType) throws(ONNXError) -> ExternalData {
        var location: String?
        var offset = 0
        var byteCount = type.byteCount
        for entry in proto.externalData {
            switch entry.key {
            case "location": location = entry.value
            case "offset": offset = Int(entry.value) ?? -1
            case "length": byteCount = Int(entry.value) ?? -1
            default: break
            }
        }
        guard let location, ExternalData.isInside(location) else {
            throw ONNXError(.malformed, "stands in '\(location ?? "")', which is not a file inside the model's folder")
        }
        guard offset >= 0, byteCount == type.byteCount else {
            throw ONNXError(.malformed, "of type \(type) has an external offset or length that does not fit")
        }
        return ExternalData(location: location, offset: offset, byteCount: byteCount)
    }

    private mutating func external(_ data: ExternalData, _ type: TensorType) throws(ONNXError) -> Tensor {
        guard let folder else { throw ONNXError(.unsupported, "stands in another file, and only initializers may") }
        do throws(TensorError) {
            let file: MappedFile
            if let mapped = mappedFiles[data.location] {
                file = mapped
            } else {
                file = try MappedFile(path: "\(folder)/\(data.location)")
                mappedFiles[data.location] = file
            }
            return try Tensor(type, storage: file.storage, byteOffset: data.offset)
        } catch {
            let code: ONNXError.Code = error.code == .fileNotReadable ? .fileNotReadable : .malformed
            throw ONNXError(code, "stands in '\(data.location)': \(error.message)", cause: error)
        }
    }
}
