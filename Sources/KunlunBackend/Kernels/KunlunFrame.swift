import CKunlun
import DeviceRuntime
import Tensors
import XIR

/// What the operators of one run work on.
struct KunlunFrame {
    let program: Program
    let pointers: [UnsafeMutableRawPointer]
    let inputs: [Tensor]
    /// The symbols that the load and the inputs bind.
    let symbols: [String: Int]
    /// The type of each value in this run; nil where a symbol is not bound.
    let types: [TensorType?]
    /// The operator library's; nil without one.
    let context: OpaquePointer?

    init(
        _ program: Program,
        _ pointers: [UnsafeMutableRawPointer],
        _ inputs: [Tensor],
        _ symbols: [String: Int],
        _ context: OpaquePointer?
    ) throws(DeviceError) {
        self.program = program
        self.pointers = pointers
        self.inputs = inputs
        self.symbols = symbols
        self.context = context
        types = program.values.map { $0.type.bound(symbols) }
    }

    func type(_ value: Int) throws(DeviceError) -> TensorType {
        guard let type = types[value] else {
            throw DeviceError(.invalidInput, "value \(value) of type \(program.values[value].type) has unbound symbols")
        }
        return type
    }

    /// The length of an axis; negative ones count from the end.
    func extent(_ value: Int, _ axis: Int) throws(DeviceError) -> Int {
        let shape = try type(value).shape
        return shape[axis < 0 ? axis + shape.rank : axis]
    }

    /// The product of all axes but the last.
    func rows(_ value: Int) throws(DeviceError) -> Int {
        try type(value).shape.dimensions.dropLast().reduce(1, *)
    }

    func pointer<Element>(_ value: Int, _ type: Element.Type) -> UnsafeMutablePointer<Element> {
        pointers[value].assumingMemoryBound(to: type)
    }

    func halves(_ value: Int) -> UnsafeMutablePointer<UInt16> { pointer(value, UInt16.self) }
    func floats(_ value: Int) -> UnsafeMutablePointer<Float> { pointer(value, Float.self) }

    /// Calls `body` with an input of whole numbers, which stay valid on the host until the run ends.
    ///
    /// Throws `.invalidInput` when one is not in `range`.
    func withIntegers<Value>(
        _ value: Int,
        in range: Range<Int>? = nil,
        _ body: (kongur_kunlun_ints) throws(DeviceError) -> Value
    ) throws(DeviceError) -> Value {
        guard case .input(let position) = program.values[value].place, inputs[position].elementType == .int32 else {
            throw DeviceError(.unsupported, "whole numbers of an operation must be i32 inputs of the program")
        }
        return try inputs[position].withBytes { (bytes) throws(DeviceError) in
            let numbers = bytes.bindMemory(to: Int32.self)
            if let range, let bad = numbers.first(where: { !range.contains(Int($0)) }) {
                throw DeviceError(
                    .invalidInput,
                    "input '\(program.inputNames[position])' has \(bad), which is not in \(range)"
                )
            }
            return try body(
                kongur_kunlun_ints(
                    host: numbers.baseAddress,
                    device: pointer(value, Int32.self),
                    count: Int64(numbers.count)
                )
            )
        }
    }
}
