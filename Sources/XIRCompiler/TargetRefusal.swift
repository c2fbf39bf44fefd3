import DeviceRuntime
import Tensors
import XIR

extension Target {
    /// Why this target cannot take these options; nil when it can.
    func refusal(of options: CompilerOptions) -> String? {
        guard self == .kunlun else { return nil }
        switch options.weights {
        case .stored, .float16, .packed(.int8, _): break
        case .float32, .packed:
            return "Kunlun's operator library multiplies f16 and int8: take f16 or int8 weights for --target kunlun"
        }
        guard options.cacheElementType == .float16 else {
            return
                "Kunlun's paged attention reads keys and values in f16, not in \(options.cacheElementType.rawValue): take an f16 cache for --target kunlun"
        }
        return options.widestProduct > 0 ? nil : "a product must be at least 1 feature wide"
    }
}
