import Foundation

extension Error {
    /// What the system said, in its own words, for errors of Foundation; for others, what they say of themselves.
    package var systemReason: String {
        if let error = self as? DecodingError { return error.place }
        if let error = self as? POSIXError { return String(cString: strerror(error.code.rawValue)) }
        guard self is CocoaError || type(of: self) == NSError.self else { return "\(self)" }
        let error = self as NSError
        if let cause = error.userInfo[NSUnderlyingErrorKey] as? any Error { return cause.systemReason }
        if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(CInt(error.code))) }
        switch CocoaError.Code(rawValue: error.code) {
        case .fileNoSuchFile, .fileReadNoSuchFile: return "no such file or folder"
        case .fileReadNoPermission, .fileWriteNoPermission: return "permission denied"
        case .fileWriteOutOfSpace: return "no space left"
        case .fileWriteFileExists: return "is there already"
        case .fileWriteVolumeReadOnly: return "the file system is read-only"
        case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: return "is not UTF-8 text, or is damaged"
        default: return error.localizedDescription
        }
    }
}
