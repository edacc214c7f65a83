import type { Random } from '@millrace/base'

/** 16 random bytes, written as a UUID is. */
export function randomMemberId(random: Random): string {
  let id = ''
  for (let index = 0; index < 16; index++) {
    const byte = Math.floor(random.next() * 256)
    id += (index === 4 || index === 6 || index === 8 || index === 10 ? '-' : '') + byte.toString(16).padStart(2, '0')
  }
  return id
}
