import InferenceEngine
import NIOCore

extension ServerContext {
    /// Whose the request is: the holder's of its key, and where none is needed whoever's asks from its address.
    var account: Account {
        if let key = record.key { return Account(key.cacheSalt, weight: key.weight) }
        return Account(ClientAddress(channel.remoteAddress).name)
    }
}
