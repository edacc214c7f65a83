import { byteArrayConverter } from './bytes-converter.ts'
import type { ConverterPlugin, HeaderConverterPlugin } from './converter.ts'
import { jsonConverter } from './json-converter.ts'
import { numberConverters } from './number-converters.ts'
import { simpleHeaderConverter } from './simple-header-converter.ts'
import { stringConverter } from './string-converter.ts'

/** The converters that configs may name. */
export const converterPlugins: readonly ConverterPlugin[] = [
  jsonConverter,
  stringConverter,
  byteArrayConverter,
  ...numberConverters,
]

/** The header converters that configs may name. */
export const headerConverterPlugins: readonly HeaderConverterPlugin[] = [
  simpleHeaderConverter,
  jsonConverter,
  stringConverter,
  byteArrayConverter,
  ...numberConverters,
]
