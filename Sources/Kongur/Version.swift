/// The version of this library and of `kongur`.
public let version = "0.1.0"
