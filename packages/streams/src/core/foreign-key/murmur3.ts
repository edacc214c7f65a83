/** Where a 64-bit product, sum or rotation is left: two halves, so that nothing is allocated per byte or block. */
let hi = 0
let lo = 0

function multiply(aHi: number, aLo: number, bHi: number, bLo: number): void {
  // The low halves as 16-bit limbs; what the high halves add beyond 64 bits is gone.
  const a0 = aLo & 0xffff
  const a1 = aLo >>> 16
  const b0 = bLo & 0xffff
  const b1 = bLo >>> 16
  const low = a0 * b0
  const middle = a1 * b0 + (low >>> 16)
  const cross = a0 * b1 + (middle & 0xffff)
  const carry = a1 * b1 + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)
  lo = ((cross & 0xffff) << 16) | (low & 0xffff)
  hi = (Math.imul(aHi, bLo) + Math.imul(aLo, bHi) + carry) | 0
}

function add(aHi: number, aLo: number, bHi: number, bLo: number): void {
  const sum = (aLo >>> 0) + (bLo >>> 0)
  hi = (aHi + bHi + (sum > 0xffff_ffff ? 1 : 0)) | 0
  lo = sum | 0
}

function rotateLeft(aHi: number, aLo: number, by: number): void {
  const [high, low, rest] = by < 32 ? [aHi, aLo, by] : [aLo, aHi, by - 32]
  hi = rest === 0 ? high : (high << rest) | (low >>> (32 - rest))
  lo = rest === 0 ? low : (low << rest) | (high >>> (32 - rest))
}

const c1Hi = 0x87c37b91
const c1Lo = 0x114253d5
const c2Hi = 0x4cf5ad43
const c2Lo = 0x2745937f

/** `k1` of a block, ready to be mixed into `h1`. */
function scramble1(kHi: number, kLo: number): void {
  multiply(kHi, kLo, c1Hi, c1Lo)
  rotateLeft(hi, lo, 31)
  multiply(hi, lo, c2Hi, c2Lo)
}

function scramble2(kHi: number, kLo: number): void {
  multiply(kHi, kLo, c2Hi, c2Lo)
  rotateLeft(hi, lo, 33)
  multiply(hi, lo, c1Hi, c1Lo)
}

/** The last mix of one half: `h ^= h >>> 33`, twice with a product in between. */
function finish(aHi: number, aLo: number): void {
  multiply(aHi, aLo ^ (aHi >>> 1), 0xff51afd7, 0xed558ccd)
  multiply(hi, lo ^ (hi >>> 1), 0xc4ceb9fe, 0x1a85ec53)
  lo ^= hi >>> 1
}

const seed = 104_729

/** Murmur3 of 128 bits with the seed that Kafka Streams' Murmur3 uses, as its two longs in big-endian order. */
export function murmur3(data: Buffer): Buffer {
  let h1Hi = 0
  let h1Lo = seed
  let h2Hi = 0
  let h2Lo = seed
  const blocksEnd = data.length & ~15
  for (let at = 0; at < blocksEnd; at += 16) {
    scramble1(data.readInt32LE(at + 4), data.readInt32LE(at))
    rotateLeft(h1Hi ^ hi, h1Lo ^ lo, 27)
    add(hi, lo, h2Hi, h2Lo)
    multiply(hi, lo, 0, 5)
    add(hi, lo, 0, 0x52dce729)
    h1Hi = hi
    h1Lo = lo
    scramble2(data.readInt32LE(at + 12), data.readInt32LE(at + 8))
    rotateLeft(h2Hi ^ hi, h2Lo ^ lo, 31)
    add(hi, lo, h1Hi, h1Lo)
    multiply(hi, lo, 0, 5)
    add(hi, lo, 0, 0x38495ab5)
    h2Hi = hi
    h2Lo = lo
  }
  const tail = Buffer.alloc(16)
  data.copy(tail, 0, blocksEnd)
  if (data.length - blocksEnd > 8) {
    scramble2(tail.readInt32LE(12), tail.readInt32LE(8))
    h2Hi ^= hi
    h2Lo ^= lo
  }
  if (data.length > blocksEnd) {
    scramble1(tail.readInt32LE(4), tail.readInt32LE(0))
    h1Hi ^= hi
    h1Lo ^= lo
  }
  return finished(h1Hi, h1Lo ^ data.length, h2Hi, h2Lo ^ data.length)
}

function finished(aHi: number, aLo: number, bHi: number, bLo: number): Buffer {
  add(aHi, aLo, bHi, bLo)
  const [h1Hi, h1Lo] = [hi, lo]
  add(bHi, bLo, h1Hi, h1Lo)
  const [h2Hi, h2Lo] = [hi, lo]
  finish(h1Hi, h1Lo)
  const [f1Hi, f1Lo] = [hi, lo]
  finish(h2Hi, h2Lo)
  const [f2Hi, f2Lo] = [hi, lo]
  add(f1Hi, f1Lo, f2Hi, f2Lo)
  const result = Buffer.allocUnsafe(16)
  result.writeInt32BE(hi, 0)
  result.writeInt32BE(lo, 4)
  add(f2Hi, f2Lo, hi, lo)
  result.writeInt32BE(hi, 8)
  result.writeInt32BE(lo, 12)
  return result
}
