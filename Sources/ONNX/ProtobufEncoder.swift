import SwiftProtobuf
import Tensors

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Turns our values into protobuf messages; `place` says which tensors go to another file, and where.
struct ProtobufEncoder {
    let place: (Initializer) -> ExternalData?

    func model(_ model: Model) -> Onnx_ModelProto {
        var proto = Onnx_ModelProto()
        proto.irVersion = Int64(model.irVersion)
        if !model.producerName.isEmpty { proto.producerName = model.producerName }
        if !model.producerVersion.isEmpty { proto.producerVersion = model.producerVersion }
        proto.graph = graph(model.graph)
        proto.opsetImport = model.operatorSets.sorted { $0.key < $1.key }.map { domain, version in
            var set = Onnx_OperatorSetIdProto()
            set.domain = domain
            set.version = Int64(version)
            return set
        }
        proto.metadataProps = entries(model.metadata.sorted { $0.key < $1.key })
        return proto
    }

    private func entries(_ pairs: [(key: String, value: String)]) -> [Onnx_StringStringEntryProto] {
        pairs.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            entry.key = key
            entry.value = value
            return entry
        }
    }

    private func graph(_ graph: Graph) -> Onnx_GraphProto {
        var proto = Onnx_GraphProto()
        proto.name = graph.name
        proto.node = graph.nodes.map(node)
        proto.initializer = graph.initializers.map(initializer)
        proto.input = graph.inputs.map(valueInfo)
        proto.output = graph.outputs.map(valueInfo)
        return proto
    }

    private func node(_ node: Node) -> Onnx_NodeProto {
        var proto = Onnx_NodeProto()
        proto.input = node.inputs
        proto.output = node.outputs
        if !node.name.isEmpty { proto.name = node.name }
        proto.opType = node.operatorType
        if !node.domain.isEmpty { proto.domain = node.domain }
        proto.attribute = node.attributes.sorted { $0.key < $1.key }.map { attribute($0.key, $0.value) }
        return proto
    }

    private func attribute(_ name: String, _ attribute: Attribute) -> Onnx_AttributeProto {
        var proto = Onnx_AttributeProto()
        proto.name = name
        switch attribute {
        case .float(let value):
            proto.type = 1
            proto.f = value
        case .integer(let value):
            proto.type = 2
            proto.i = Int64(value)
        case .string(let value):
            proto.type = 3
            proto.s = Data(value.utf8)
        case .tensor(let value):
            proto.type = 4
            proto.t = tensor("", value)
        case .graph(let value):
            proto.type = 5
            proto.g = graph(value)
        case .floats(let values):
            proto.type = 6
            proto.floats = values
        case .integers(let values):
            proto.type = 7
            proto.ints = values.map { Int64($0) }
        case .strings(let values):
            proto.type = 8
            proto.strings = values.map { Data($0.utf8) }
        }
        return proto
    }

    private func valueInfo(_ info: ValueInfo) -> Onnx_ValueInfoProto {
        var proto = Onnx_ValueInfoProto()
        proto.name = info.name
        proto.type.tensorType.elemType = Int32(info.elementType.onnxNumber)
        if let dimensions = info.dimensions {
            proto.type.tensorType.shape.dim = dimensions.map { dimension in
                var proto = Onnx_DimensionProto()
                switch dimension {
                case .fixed(let length): proto.dimValue = Int64(length)
                case .named(let name): proto.dimParam = name
                case .unknown: break
                }
                return proto
            }
        }
        return proto
    }

    private func initializer(_ initializer: Initializer) -> Onnx_TensorProto {
        guard let data = place(initializer) else {
            // Without a place it is small and in memory.
            return initializer.tensor.map { tensor(initializer.name, $0) } ?? Onnx_TensorProto()
        }
        var proto = header(initializer.name, initializer.type)
        proto.dataLocation = 1
        proto.externalData = entries([
            ("location", data.location), ("offset", String(data.offset)), ("length", String(data.byteCount)),
        ])
        return proto
    }

    private func tensor(_ name: String, _ tensor: Tensor) -> Onnx_TensorProto {
        var proto = header(name, tensor.type)
        proto.rawData = tensor.withBytes { Data($0) }
        return proto
    }

    private func header(_ name: String, _ type: TensorType) -> Onnx_TensorProto {
        var proto = Onnx_TensorProto()
        if !name.isEmpty { proto.name = name }
        proto.dims = type.shape.dimensions.map { Int64($0) }
        proto.dataType = Int32(type.elementType.onnxNumber)
        return proto
    }
}
