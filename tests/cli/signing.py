"""Payments of the public test accounts, signed by BIP-340, for the scripts.

Slow and leaky on purpose of brevity: its keys are public anyway.
"""

import hashlib
import struct

P = 2 ** 256 - 2 ** 32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and a[1] != b[1]:
        return None
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _times(k, point=G):
    out = None
    while k:
        if k & 1:
            out = _add(out, point)
        point = _add(point, point)
        k >>= 1
    return out


def _tagged(tag, data):
    t = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(t + t + data).digest()


def _sign(secret, message):
    """BIP-340 with no auxiliary randomness."""
    public = _times(secret)
    d = secret if public[1] % 2 == 0 else N - secret
    key = public[0].to_bytes(32, "big")
    masked = (d ^ int.from_bytes(_tagged("BIP0340/aux", bytes(32)), "big"))
    k = int.from_bytes(_tagged("BIP0340/nonce", masked.to_bytes(32, "big")
                               + key + message), "big") % N
    point = _times(k)
    k = k if point[1] % 2 == 0 else N - k
    r = point[0].to_bytes(32, "big")
    e = int.from_bytes(_tagged("BIP0340/challenge", r + key + message),
                       "big") % N
    return r + ((k + e * d) % N).to_bytes(32, "big")


def hash_of(tag, *parts):
    """H of docs/protocol.md."""
    return hashlib.sha256(bytes([len(tag)]) + tag.encode()
                          + b"".join(parts)).digest()


def key_of(index, network="regtest"):
    """Premine account `index`: its secret and its public key."""
    secret = int.from_bytes(hash_of("st/public-key", network.encode(),
                                    struct.pack(">I", index)), "big")
    return secret, _times(secret)[0].to_bytes(32, "big")


def account_of(index):
    return hash_of("st/account", b"\0", key_of(index)[1])


def payment(network_id, nonce, fee=1000, payer=0, payee=1, motes=5):
    """A transaction and its id, both as hex."""
    secret, key = key_of(payer)
    unsigned = (bytes([1, 1]) + key + struct.pack(">Q", nonce)
                + account_of(payee)
                + struct.pack(">QQIB", motes, fee, 0, 0))
    txid = hash_of("st/tx", bytes.fromhex(network_id.removeprefix("0x")),
                   unsigned)
    return "0x" + (unsigned + _sign(secret, txid)).hex(), "0x" + txid.hex()
