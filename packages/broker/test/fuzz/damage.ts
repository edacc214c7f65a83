import { type Random, randomInt } from '@millrace/base'

const lies = [0xff, 0x7f, 0x80, 0x00].map((first) => {
  const rest = first === 0x7f || first === 0xff ? 0xff : 0
  return Buffer.from([first, rest, rest, rest])
})
/** Behind key, version and correlation id, so that most damage reaches a handler. */
const headerBytes = 8

/** Damages a copy of a frame in one to three places. `other` is an earlier frame, to be spliced in. */
export function damage(frame: Buffer, random: Random, other: Buffer): Buffer {
  let damaged: Buffer = Buffer.from(frame)
  const places = random.next() < 0.7 ? 1 : 1 + randomInt(random, 3)
  for (let count = places; count > 0; count--) damaged = damageOnce(damaged, random, other)
  return damaged
}

function damageOnce(frame: Buffer, random: Random, other: Buffer): Buffer {
  const from = random.next() < 0.97 ? Math.min(headerBytes, frame.length) : 0
  const at = from + randomInt(random, Math.max(1, frame.length - from))
  if (at >= frame.length) return frame
  switch (randomInt(random, 10)) {
    case 0:
    case 1:
    case 2:
      frame[at] = frame[at]! ^ (1 << randomInt(random, 8))
      return frame
    case 3:
      frame[at] = [0, 1, 2, 0x7f, 0x80, 0xff][randomInt(random, 6)]!
      return frame
    case 4: {
      // What was a length may say anything now.
      const lie = lies[randomInt(random, lies.length)]!
      lie.copy(frame, at, 0, random.next() < 0.5 ? 2 : 4)
      return frame
    }
    case 5:
      return frame.subarray(0, at)
    case 6: {
      const length = 1 + randomInt(random, 8)
      return Buffer.concat([frame.subarray(0, at), frame.subarray(at + length)])
    }
    case 7: {
      // A piece many times over, as an array of arrays would have it.
      const piece = frame.subarray(at, at + 1 + randomInt(random, 16))
      const times = 1 + randomInt(random, random.next() < 0.02 ? 2_000 : 4)
      const copies = Array.from({ length: times }, () => piece)
      return Buffer.concat([frame.subarray(0, at), ...copies, frame.subarray(at)])
    }
    case 8: {
      const varints = Buffer.alloc(1 + randomInt(random, 11), 0xff)
      return Buffer.concat([frame.subarray(0, at), varints, frame.subarray(at)])
    }
    default: {
      const cut = randomInt(random, other.length + 1)
      return Buffer.concat([frame.subarray(0, at), other.subarray(cut, cut + 200)])
    }
  }
}
