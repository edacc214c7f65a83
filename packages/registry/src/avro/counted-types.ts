import avsc, { type Schema, type Type } from 'avsc'

/** What avsc reads from; its own declarations leave it out. */
interface Tap {
  readonly buf: Buffer
  pos: number
  readLong(): number
  readString(): string
  skipString(): void
}

interface Readable {
  _read(tap: Tap): unknown
  _skip(tap: Tap): void
}

const { ArrayType, MapType } = avsc.types as unknown as {
  readonly ArrayType: new (schema: Schema, options: unknown) => Type & { readonly itemsType: Readable }
  readonly MapType: new (schema: Schema, options: unknown) => Type & { readonly valuesType: Readable }
}

/** Entries that take no bytes, nulls for example, are not bounded by those that are there. */
const emptyEntriesMax = 65_536

/**
 * Reads or skips the blocks of an array or map. avsc believes each block's count, whatever is there, so that ten bytes of
 * garbage would keep it busy for ever or take all memory.
 */
function forEachEntry(tap: Tap, entry: () => void): void {
  for (let total = 0, count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) {
      count = -count
      tap.readLong()
    }
    total += count
    // Not a number, too: what is written of one does not end.
    if (!(count <= tap.buf.length - tap.pos || total <= emptyEntriesMax)) throw new Error('there are fewer entries')
    for (let left = count; left > 0; left--) {
      const from = tap.pos
      entry()
      // A negative length would begin again.
      if (!(tap.pos >= from && tap.pos <= tap.buf.length)) throw new Error('the entry does not end')
    }
  }
}

class CountedArray extends ArrayType implements Readable {
  _read(tap: Tap): unknown[] {
    const list: unknown[] = []
    forEachEntry(tap, () => list.push(this.itemsType._read(tap)))
    return list
  }

  _skip(tap: Tap): void {
    forEachEntry(tap, () => this.itemsType._skip(tap))
  }
}

class CountedMap extends MapType implements Readable {
  _read(tap: Tap): Record<string, unknown> {
    const map: Record<string, unknown> = {}
    forEachEntry(tap, () => {
      const key = tap.readString()
      const value = this.valuesType._read(tap)
      if (key !== '__proto__') map[key] = value
      else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
    })
    return map
  }

  _skip(tap: Tap): void {
    forEachEntry(tap, () => {
      tap.skipString()
      this.valuesType._skip(tap)
    })
  }
}

/** For avsc's `typeHook`: arrays and maps that are read no further than their bytes. */
export function countedType(schema: unknown, options: unknown): Type | undefined {
  const { type } = Object(schema) as { readonly type?: unknown }
  if (type === 'array') return new CountedArray(schema as Schema, options)
  return type === 'map' ? new CountedMap(schema as Schema, options) : undefined
}
