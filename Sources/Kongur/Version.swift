/// The version of this library and of `kongur`.
package let kongurVersion = "0.1.0"
