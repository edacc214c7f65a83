/**
 * A double as Java prints it (`Double.toString`): JSON of Connect has numbers in this form. Plain from 0.001 to below ten
 * million, with an exponent outside, always with a digit after the point. The digits are the fewest that identify the value,
 * as in Java since 19 (JDK-4511638); older ones print one more now and then.
 */
export function javaDouble(value: number): string {
  // Where Java writes no exponent, JavaScript writes the same digits.
  if ((value >= 1e-3 && value < 1e7) || (value <= -1e-3 && value > -1e7)) {
    return Number.isInteger(value) ? `${value}.0` : String(value)
  }
  return javaForm(value, (magnitude) => magnitude.toExponential())
}

/** The same for a 32-bit float. */
export function javaFloat(value: number): string {
  if (Number.isInteger(value) && value !== 0 && value > -1e7 && value < 1e7) return `${value}.0`
  return javaForm(Math.fround(value), shortestFloat)
}

const floatDigitsMax = 9

function shortestFloat(magnitude: number): string {
  for (let digits = 0; digits < floatDigitsMax; digits++) {
    const text = magnitude.toExponential(digits)
    if (Math.fround(Number(text)) === magnitude) return text
  }
  return magnitude.toExponential()
}

function javaForm(value: number, exponential: (magnitude: number) => string): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const magnitude = Math.abs(value)
  if (magnitude === Number.POSITIVE_INFINITY) return `${sign}Infinity`
  if (magnitude === 0) return `${sign}0.0`
  const shortest = exponential(magnitude)
  // Java writes two digits at least, and then those that come nearest: 4.9E-324, not 5.0E-324.
  const [mantissa = '', exponentText = ''] = (shortest[1] === 'e' ? magnitude.toExponential(1) : shortest).split('e')
  const digits = mantissa.replace('.', '').replace(/0$/, '')
  const exponent = Number(exponentText)
  if (exponent < -3 || exponent > 6) return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}
