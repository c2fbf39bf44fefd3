import ONNX
import Tensors

/// Attributes of a node by name and kind; nil when absent or of another kind.
extension Node {
    func integer(_ name: String) -> Int? {
        if case .integer(let value) = attributes[name] { value } else { nil }
    }

    func float(_ name: String) -> Float? {
        if case .float(let value) = attributes[name] { value } else { nil }
    }

    func integers(_ name: String) -> [Int]? {
        if case .integers(let value) = attributes[name] { value } else { nil }
    }

    func tensor(_ name: String) -> Tensor? {
        if case .tensor(let value) = attributes[name] { value } else { nil }
    }

    /// The value of a `Constant` node, in each form that the operator has for numbers.
    var constantTensor: Tensor? {
        if let value = tensor("value") { return value }
        if let value = float("value_float") { return Tensor([value], []) }
        if let value = integer("value_int") { return Tensor([Int64(value)], []) }
        if let values = integers("value_ints") { return Tensor(values.map { Int64($0) }, [values.count]) }
        if case .floats(let values) = attributes["value_floats"] { return Tensor(values, [values.count]) }
        return nil
    }
}
