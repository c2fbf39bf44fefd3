import CKunlun

/// The functions of an operator library, as `kongur_kunlun_ops.h` declares them; one that is missing is nil.
struct KunlunOperators: Sendable {
    let library: DynamicLibrary
    let description: String
    let open: kongur_kunlun_open_f
    let close: kongur_kunlun_close_f
    private let readingAt: kongur_kunlun_reading_at_f?
    private let choose: kongur_kunlun_choose_f?
    let forget: kongur_kunlun_forget_f?
    let embedding: kongur_kunlun_embedding_f?
    let linear: kongur_kunlun_linear_f?
    let linearInt8: kongur_kunlun_linear_int8_f?
    let rmsNorm: kongur_kunlun_rms_norm_f?
    let addRMSNorm: kongur_kunlun_add_rms_norm_f?
    let rotaryCacheWrite: kongur_kunlun_rotary_cache_write_f?
    let pagedAttention: kongur_kunlun_paged_attention_f?
    let swiglu: kongur_kunlun_swiglu_f?
    let gather: kongur_kunlun_gather_f?
    let copyRows: kongur_kunlun_copy_rows_f?
    let add: kongur_kunlun_add_f?

    static let required = ["kongur_kunlun_abi_version", "kongur_kunlun_open", "kongur_kunlun_close"]
    static let optional = [
        "reading_at", "choose", "forget", "embedding", "linear", "linear_int8", "rms_norm", "add_rms_norm",
        "rotary_cache_write", "paged_attention",
        "swiglu",
        "gather", "copy_rows", "add",
    ].map { "kongur_kunlun_\($0)" }

    /// The functions, or why the library does not serve.
    static func load(_ library: DynamicLibrary) -> (operators: KunlunOperators?, reason: String) {
        guard let version: kongur_kunlun_abi_version_f = library.function(["kongur_kunlun_abi_version"]),
            let open: kongur_kunlun_open_f = library.function(["kongur_kunlun_open"]),
            let close: kongur_kunlun_close_f = library.function(["kongur_kunlun_close"])
        else { return (nil, "\(library.path) does not export \(required.joined(separator: ", "))") }
        guard version() == KONGUR_KUNLUN_ABI else {
            return (
                nil,
                "\(library.path) implements version \(version()) of kongur_kunlun_ops.h, and Kongur asks for \(KONGUR_KUNLUN_ABI): build it again"
            )
        }
        return (KunlunOperators(library, open, close), "")
    }

    private init(
        _ library: DynamicLibrary,
        _ open: @escaping kongur_kunlun_open_f,
        _ close: @escaping kongur_kunlun_close_f
    ) {
        self.library = library
        self.open = open
        self.close = close
        let describe: kongur_kunlun_description_f? = library.function(["kongur_kunlun_description"])
        description = describe?().map { String(cString: $0) } ?? library.path
        readingAt = library.function(["kongur_kunlun_reading_at"])
        choose = library.function(["kongur_kunlun_choose"])
        forget = library.function(["kongur_kunlun_forget"])
        embedding = library.function(["kongur_kunlun_embedding"])
        linear = library.function(["kongur_kunlun_linear"])
        linearInt8 = library.function(["kongur_kunlun_linear_int8"])
        rmsNorm = library.function(["kongur_kunlun_rms_norm"])
        addRMSNorm = library.function(["kongur_kunlun_add_rms_norm"])
        rotaryCacheWrite = library.function(["kongur_kunlun_rotary_cache_write"])
        pagedAttention = library.function(["kongur_kunlun_paged_attention"])
        swiglu = library.function(["kongur_kunlun_swiglu"])
        gather = library.function(["kongur_kunlun_gather"])
        copyRows = library.function(["kongur_kunlun_copy_rows"])
        add = library.function(["kongur_kunlun_add"])
    }

    /// What public sources leave open about the vendor's calls, as this library takes it; none where it has no such list.
    ///
    /// On the device's thread, as `take`.
    func readings(_ context: OpaquePointer?) -> [KunlunReading] {
        guard let readingAt else { return [] }
        var readings: [KunlunReading] = []
        // A library that never ends its list must not hold anybody.
        while readings.count < 100 {
            var reading = kongur_kunlun_reading()
            guard readingAt(context, Int32(readings.count), &reading) == KONGUR_KUNLUN_OK, let name = reading.name
            else {
                break
            }
            let choices = (0..<max(0, Int(reading.count))).map { index in
                reading.choices?[index].map { String(cString: $0) } ?? ""
            }
            readings.append(KunlunReading(name: String(cString: name), choices: choices, chosen: Int(reading.chosen)))
        }
        return readings
    }

    /// Takes a choice; false where the library does not have it.
    func take(_ choice: String, for name: String, _ context: OpaquePointer?) -> Bool {
        choose?(context, name, choice) == KONGUR_KUNLUN_OK
    }
}
