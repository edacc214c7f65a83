/**
 * A UUID of version 7 (RFC 9562): it begins with the time, so that new rows land at the end of the primary key's index
 * instead of all over it.
 */
export function newEventId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const nowMs = Date.now()
  new DataView(bytes.buffer).setUint16(0, Math.floor(nowMs / 2 ** 32))
  new DataView(bytes.buffer).setUint32(2, nowMs >>> 0)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
