import { protocolError } from '../errors.ts'

/**
 * Loads a native codec when the first batch needs it: starting a process costs nothing for codecs it never meets.
 * Throws PROTOCOL_UNSUPPORTED_COMPRESSION when there is no binary for this platform.
 */
export function nativeModule<Module>(compression: string, load: () => unknown): () => Module {
  let loaded: Module | undefined
  return () => {
    try {
      loaded ??= load() as Module
      return loaded
    } catch (error) {
      const message = `compression ${compression} needs a native package that does not load here`
      throw protocolError('PROTOCOL_UNSUPPORTED_COMPRESSION', message, { compression }, error)
    }
  }
}
