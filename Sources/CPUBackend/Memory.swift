import DeviceRuntime
import Tensors

/// Zeroed, page-aligned bytes that take memory when first touched.
///
/// `@unchecked Sendable`: whoever holds it decides who writes where; here that is the executable that owns it.
final class Memory: @unchecked Sendable {
    let byteCount: Int
    private let storage: Storage

    /// Throws `.outOfMemory` naming `purpose`.
    init(byteCount: Int, purpose: String) throws(DeviceError) {
        self.byteCount = byteCount
        do throws(TensorError) {
            storage = try Storage(zeroedPages: byteCount)
        } catch {
            throw DeviceError(
                .outOfMemory,
                "\(purpose) needs \(byteCount) bytes, which cannot be had; use fewer cache blocks or a smaller batch",
                cause: error
            )
        }
    }

    var base: UnsafeMutableRawPointer { storage.base }
}
