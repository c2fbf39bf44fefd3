import DeviceRuntime

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a call of the runtime answered when it did not succeed.
///
/// Codes are documented as positive and returned negated by some versions, so the sign does not matter. Those below 700 are the
/// operating system's.
struct XPUFault {
    let code: Int32
    /// The call that answered it.
    let call: String

    init(_ answer: Int32, in call: String) {
        code = answer == .min ? .max : abs(answer)
        self.call = call
    }

    /// Throws unless `answer` is 0; `device` is its number, where one is concerned.
    static func check(_ answer: Int32, _ call: String, device: Int?) throws(DeviceError) {
        if answer != 0 { throw XPUFault(answer, in: call).error(device: device) }
    }

    /// Whether the device answers nothing else from here on, or should not be trusted to.
    var endsDevice: Bool { meaning?.endsDevice ?? true }

    private var meaning: Meaning? { Self.table[code] ?? Self.ofSystem(code) }

    func error(device: Int?) -> DeviceError {
        let known = meaning
        let place = device.map { "xpu:\($0)" } ?? "xpu"
        let what =
            "\(place): \(call) answered \(code)\(known.map { " (\($0.meaning))" } ?? ", a code that Kongur does not know")"
        let look = device.map { "look into dmesg and /proc/xpu/dev\($0)/errtask" } ?? "look into dmesg"
        let advice =
            switch known?.remedy {
            case .reset: "the device takes no more work until it is reset: \(look), then xpu-smi --xpu-reset"
            case .reboot: "the device is lost: \(look); it may need a reboot"
            case .cool: "let it cool down and look at its fans and its power limit"
            case .memory: "give the cache fewer bytes (--cache-mib), take int8 weights, or free the device of others"
            case .install: "the driver and the runtime do not fit each other or are not complete: reinstall XRE"
            case .again: "try again; if it stays so, \(look)"
            case .permission:
                "this account may not use it: give it the group of /dev/xpu*, or the container these files"
            case .report: "run kongur doctor --device \(place) and send its report"
            case nil: "the device is not used any more; \(look)"
            }
        return DeviceError(known?.kind ?? .deviceLost, "\(what); \(advice)")
    }

    private enum Remedy { case reset, reboot, cool, memory, install, report, again, permission }

    private struct Meaning {
        var meaning: String
        var kind: DeviceError.Code
        var remedy: Remedy
        var endsDevice: Bool { kind == .deviceLost }

        init(_ meaning: String, _ kind: DeviceError.Code, _ remedy: Remedy) {
            self.meaning = meaning
            self.kind = kind
            self.remedy = remedy
        }
    }

    /// The codes of the runtime that are publicly known, and some of the operating system's.
    static var knownCodes: [Int32] {
        [EPERM, EINTR, EIO, EAGAIN, ENOMEM, EBUSY, EINVAL].sorted() + table.keys.sorted()
    }

    private static let table: [Int32: Meaning] = [
        701: Meaning("no such device", .deviceNotFound, .install),
        702: Meaning("not initialised", .deviceLost, .install),
        703: Meaning("no device", .deviceNotFound, .install),
        704: Meaning("versions do not match", .deviceLost, .install),
        705: Meaning("out of device memory", .outOfMemory, .memory),
        706: Meaning("out of host memory", .outOfMemory, .memory),
        707: Meaning("invalid parameter", .unsupported, .report),
        708: Meaning("no such device function", .unsupported, .report),
        709: Meaning("a library did not load", .deviceLost, .install),
        710: Meaning("a symbol is missing", .deviceLost, .install),
        711: Meaning("the vendor's simulator failed", .deviceLost, .report),
        712: Meaning("not supported", .unsupported, .report),
        713: Meaning("the device is in an abnormal state", .deviceLost, .reset),
        714: Meaning("a kernel failed", .deviceLost, .reset),
        715: Meaning("a kernel timed out", .deviceLost, .reset),
        716: Meaning("busy", .failed, .report),
        717: Meaning("used after it was closed", .deviceLost, .report),
        718: Meaning("an uncorrectable memory error", .deviceLost, .reset),
        719: Meaning("too hot", .deviceLost, .cool),
        720: Meaning("waiting for an event failed", .failed, .report),
        800: Meaning("unexpected", .deviceLost, .reset),
        801: Meaning("the device was reset", .deviceLost, .reset),
        802: Meaning("a hardware exception", .deviceLost, .reset),
        803: Meaning("device memory did not start", .deviceLost, .reboot),
        804: Meaning("the device did not start", .deviceLost, .reboot),
        805: Meaning("a neighbouring device was reset", .deviceLost, .reset),
        806: Meaning("too many devices", .deviceNotFound, .install),
        807: Meaning("no such driver call", .deviceLost, .install),
        808: Meaning("a transfer timed out", .deviceLost, .reboot),
        809: Meaning("a transfer was aborted", .failed, .report),
        810: Meaning("the controller is not initialised", .deviceLost, .reboot),
        811: Meaning("the firmware is too old", .deviceLost, .install),
        812: Meaning("a PCIe error", .deviceLost, .reboot),
        813: Meaning("a fault", .deviceLost, .reset),
        814: Meaning("interrupted", .failed, .report),
        815: Meaning("a cipher timed out", .deviceLost, .reset),
        816: Meaning("host memory is registered already", .failed, .report),
        817: Meaning("the tracer failed", .failed, .report),
        // Seen on a P800 for one pinned asynchronous copy of 512 MiB, after which the device worked on.
        999: Meaning("the runtime refused a call", .failed, .report),
    ]

    /// What a number of the operating system means; nil for those that are none.
    private static func ofSystem(_ code: Int32) -> Meaning? {
        guard code > 0, code < 700 else { return nil }
        let text = String(cString: strerror(code))
        return switch code {
        case ENOMEM: Meaning(text, .outOfMemory, .memory)
        case EINTR, EAGAIN, EBUSY: Meaning(text, .failed, .again)
        case EPERM, EACCES: Meaning(text, .deviceNotFound, .permission)
        case ENOENT, ENXIO, ENODEV: Meaning(text, .deviceNotFound, .install)
        case EINVAL: Meaning(text, .unsupported, .report)
        case ENOTTY, ENOSYS: Meaning(text, .deviceLost, .install)
        default: Meaning(text, .deviceLost, .reset)
        }
    }
}

/// The error codes that a runtime is known to answer.
package enum KunlunFaults {
    package static var codes: [Int32] { XPUFault.knownCodes }
}
