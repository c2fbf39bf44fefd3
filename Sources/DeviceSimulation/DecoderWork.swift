import DeviceRuntime

/// What the steps of a decoder move and compute, from its shape alone: the kernels that the compiler makes for it, without
/// weights or a program.
///
/// The same as `ProgramWork` of the compiled program, which tests hold.
package struct DecoderWork: Sendable, Hashable {
    /// How weights are kept, and whose kernels multiply them.
    package enum Form: String, Sendable, Hashable, CaseIterable {
        /// For Kunlun's operators: matrices in f16, or in int8 with a scale for each row and look-ups in f16.
        case float16 = "f16"
        case int8

        var arithmetic: DeviceDescriptor.Arithmetic { self == .int8 ? .int8 : .float16 }
    }

    package var shape: DecoderShape
    package var form: Form
    /// Whether QKV and gate/up are one product each, and norms and rotary embeddings take in what is before or behind.
    package var isFused: Bool
    /// Tokens in a block of the key/value cache.
    package var blockSize: Int
    /// The most output features of one product; wider ones are split.
    package var widestProduct: Int

    package init(
        _ shape: DecoderShape,
        form: Form,
        isFused: Bool = true,
        blockSize: Int = 16,
        widestProduct: Int = 65_536
    ) {
        self.shape = shape
        self.form = form
        self.isFused = isFused
        self.blockSize = blockSize
        self.widestProduct = widestProduct
    }

    /// Of f16: activations, keys and values.
    private static let numberBytes = 2

    /// Bytes of keys and values of one token.
    package var cacheBytesPerToken: Int { 2 * shape.layers * shape.keyWidth * Self.numberBytes }

    /// Bytes of all weights on the device.
    package var weightBytes: Int {
        let table = shape.vocabulary * shape.hidden * 2
        // Parts of a split head, and one in int8, are weights of their own beside the table of the look-up.
        let sharesTable = shape.tiesEmbeddings && form == .float16 && shape.vocabulary <= widestProduct
        let layerNorms = 2 * shape.hidden + (shape.hasQueryKeyNorm ? 2 * shape.headDim : 0)
        let norms = 4 * (shape.layers * layerNorms + shape.hidden)
        let (q, kv, h, i) = (shape.queryWidth, 2 * shape.keyWidth, shape.hidden, shape.intermediate)
        var products = 0.0
        products += matrixBytes(q + kv, h, bias: shape.hasQueryKeyValueBias)
        products += matrixBytes(h, q, bias: shape.hasAttentionOutputBias)
        products += matrixBytes(2 * i, h, bias: shape.hasMLPBias) + matrixBytes(h, i, bias: shape.hasMLPBias)
        let head = sharesTable ? 0 : Int(matrixBytes(shape.vocabulary, h, bias: false))
        return table + head + norms + shape.layers * Int(products) + 4 * (shape.headDim / 2)
    }

    /// Bytes of the values between kernels of one step, about: no more than a handful live at once.
    package func workBytes(tokens: Int, outputs: Int) -> Int {
        let widest = max(shape.queryWidth + 2 * shape.keyWidth, 2 * shape.intermediate) + shape.intermediate
        let rows = Double(tokens) * Double((2 * shape.hidden + widest) * Self.numberBytes)
        return Int(rows) + 2 * outputs * shape.vocabulary * 4
    }

    /// The work of one step over a batch.
    package func step(_ batch: BatchShape) -> StepWork {
        var builder = DecoderStep(work: self, batch: batch)
        builder.run()
        return builder.step
    }

    /// Bytes of a matrix of a product, with its scales and its bias.
    func matrixBytes(_ features: Int, _ inputs: Int, bias: Bool) -> Double {
        let row = form == .int8 ? Double(inputs) + 4 : 2 * Double(inputs)
        return Double(features) * (row + (bias ? 4 : 0))
    }
}

/// One step while its kernels are listed, in the order in which they run.
private struct DecoderStep {
    let work: DecoderWork
    let batch: BatchShape
    let tokens: Double
    let outputs: Double
    /// Tokens in all sequences, and pairs of a row and a token that it attends to.
    let context: Double
    let attended: Double
    var step = StepWork()

    init(work: DecoderWork, batch: BatchShape) {
        self.work = work
        self.batch = batch
        tokens = Double(batch.tokens)
        outputs = Double(batch.outputs)
        context = batch.sequences.reduce(0) { $0 + ($1.rows > 0 ? Double($1.context) : 0) }
        attended = batch.attended
    }

    private var shape: DecoderShape { work.shape }
    private static let activation = 2.0
    private static let index = 4.0
    /// As `ProgramWork` counts what works element by element.
    private static let operationsPerElement = 8.0
    private var tables: Double { Double(batch.sequences.count) * Double(batch.table) * Self.index }
    private var starts: Double { (2 * Double(batch.sequences.count) + 1) * Self.index }

    mutating func run() {
        let h = shape.hidden
        step.kernels.reserveCapacity(shape.layers * 17 + 8)
        let row = Self.activation * Double(h)
        step.kernels.append(
            KernelWork(
                "embedding",
                weightBytes: tokens * row,
                activationBytes: tokens * (Self.index + row),
                arithmetic: .float32,
                rows: tokens
            )
        )
        if work.isFused { norm("rms_norm", h, rows: tokens) }
        let begin = step.kernels.count
        if work.isFused { fusedLayer() } else { layer() }
        // All layers are alike.
        let one = Array(step.kernels[begin...])
        for _ in 1..<max(1, shape.layers) { step.kernels += one }
        if !work.isFused { norm("rms_norm", h, rows: tokens) }
        elementwise("gather", reads: tokens * row + outputs * Self.index, rows: outputs, width: h)
        // Only the rows that are asked for are taken from the values, not from weights.
        step.kernels[step.kernels.count - 1].operations = 0
        head()
        step.bytesToDevice = 3 * tokens * Self.index + starts + tables + outputs * Self.index
        step.bytesToHost = outputs * Double(shape.vocabulary) * 4
    }

    private mutating func fusedLayer() {
        let (h, q, kv, i) = (shape.hidden, shape.queryWidth, shape.keyWidth, shape.intermediate)
        product(q + 2 * kv, h, bias: shape.hasQueryKeyValueBias)
        var rotary = KernelWork("rotary_cache_write", arithmetic: .float16, rows: tokens)
        rotary.weightBytes = frequencies + (shape.hasQueryKeyNorm ? 2 * 4 * Double(shape.headDim) : 0)
        rotary.cacheBytes = cacheBytes(tokens: tokens)
        rotary.activationBytes = tokens * (Self.activation * Double(2 * q + 2 * kv) + 2 * Self.index)
        rotary.operations = Self.operationsPerElement * tokens * Double(q)
        step.kernels.append(rotary)
        attention()
        product(h, q, bias: shape.hasAttentionOutputBias)
        addNorm(h)
        product(2 * i, h, bias: shape.hasMLPBias)
        elementwise("swiglu", reads: tokens * Self.activation * Double(2 * i), rows: tokens, width: i)
        product(h, i, bias: shape.hasMLPBias)
        addNorm(h)
    }

    private mutating func layer() {
        let (h, q, kv, i) = (shape.hidden, shape.queryWidth, shape.keyWidth, shape.intermediate)
        func bytes(_ width: Int) -> Double { tokens * Self.activation * Double(width) }
        norm("rms_norm", h, rows: tokens)
        for width in [q, kv, kv] { product(width, h, bias: shape.hasQueryKeyValueBias) }
        if shape.hasQueryKeyNorm {
            for heads in [shape.heads, shape.keyValueHeads] {
                norm("rms_norm", shape.headDim, rows: tokens * Double(heads))
            }
        }
        for heads in [shape.heads, shape.keyValueHeads] {
            let reads = bytes(heads * shape.headDim) + tokens * Self.index
            elementwise("rotary", reads: reads, rows: tokens * Double(heads), width: shape.headDim)
            step.kernels[step.kernels.count - 1].weightBytes = frequencies
        }
        for _ in 0..<2 {
            var write = KernelWork("cache_write", arithmetic: .float16, rows: 0)
            write.cacheBytes = cacheBytes(tokens: tokens) / 2
            write.activationBytes = bytes(kv) + tokens * Self.index
            step.kernels.append(write)
        }
        attention()
        product(h, q, bias: shape.hasAttentionOutputBias)
        elementwise("add", reads: 2 * bytes(h), rows: tokens, width: h)
        norm("rms_norm", h, rows: tokens)
        for _ in 0..<2 { product(i, h, bias: shape.hasMLPBias) }
        elementwise("swiglu", reads: 2 * bytes(i), rows: tokens, width: i)
        product(h, i, bias: shape.hasMLPBias)
        elementwise("add", reads: 2 * bytes(h), rows: tokens, width: h)
    }

    /// The logits in f32.
    private mutating func head() {
        product(shape.vocabulary, shape.hidden, bias: false, rows: outputs, resultBytes: 4)
    }

    // MARK: Kernels

    /// One product, or where that is too wide parts of it and the kernel that puts them together.
    private mutating func product(
        _ features: Int,
        _ inputs: Int,
        bias: Bool,
        rows: Double? = nil,
        resultBytes: Double = DecoderStep.activation
    ) {
        let rows = rows ?? tokens
        for start in stride(from: 0, to: features, by: work.widestProduct) {
            let width = min(work.widestProduct, features - start)
            part(width, inputs, bias: bias, rows: rows, resultBytes: resultBytes)
        }
        guard features > work.widestProduct else { return }
        let elements = rows * Double(features)
        step.kernels.append(
            KernelWork(
                "concat",
                activationBytes: 2 * resultBytes * elements,
                operations: Self.operationsPerElement * elements,
                arithmetic: resultBytes == 4 ? .float32 : .float16,
                rows: rows
            )
        )
    }

    private mutating func part(_ features: Int, _ inputs: Int, bias: Bool, rows: Double, resultBytes: Double) {
        step.kernels.append(
            KernelWork(
                work.form == .int8 ? "quantized_linear" : "linear",
                weightBytes: work.matrixBytes(features, inputs, bias: bias),
                activationBytes: rows * (Self.activation * Double(inputs) + resultBytes * Double(features)),
                operations: 2 * rows * Double(features) * Double(inputs),
                elements: rows * Double(inputs),
                arithmetic: work.form.arithmetic,
                rows: rows
            )
        )
    }

    private mutating func attention() {
        let width = Double(shape.queryWidth)
        step.kernels.append(
            KernelWork(
                "paged_attention",
                cacheBytes: cacheBytes(tokens: context),
                activationBytes: 2 * tokens * Self.activation * width + starts + tables,
                operations: 4 * attended * width,
                elements: attended * Double(shape.heads),
                arithmetic: .float16,
                rows: Double(shape.heads / shape.keyValueHeads * (batch.sequences.map(\.rows).max() ?? 1))
            )
        )
    }

    private mutating func norm(_ name: String, _ width: Int, rows: Double) {
        elementwise(name, reads: Self.activation * rows * Double(width), rows: rows, width: width)
        step.kernels[step.kernels.count - 1].weightBytes = 4 * Double(width)
    }

    /// Two results: the sum, and what is normalised of it.
    private mutating func addNorm(_ width: Int) {
        let reads = 2 * Self.activation * tokens * Double(width)
        elementwise("add_rms_norm", reads: reads, rows: 2 * tokens, width: width)
        step.kernels[step.kernels.count - 1].weightBytes = 4 * Double(width)
    }

    /// A kernel whose results have `rows` rows of `width` together.
    private mutating func elementwise(_ name: String, reads: Double, rows: Double, width: Int) {
        let elements = rows * Double(width)
        step.kernels.append(
            KernelWork(
                name,
                activationBytes: reads + Self.activation * elements,
                operations: Self.operationsPerElement * elements,
                arithmetic: .float16,
                rows: rows
            )
        )
    }

    private var frequencies: Double { 4 * Double(shape.headDim / 2) }

    /// Bytes of keys and values of so many tokens in one layer.
    private func cacheBytes(tokens: Double) -> Double { 2 * Double(shape.keyWidth) * 2 * tokens }
}
