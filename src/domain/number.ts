/** Sums of number texts without rounding: decimals are added as scaled integers. */

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** Digits beyond which an exponent is not spelled out. */
const MAX_DIGITS = 400

interface Scaled {
  value: bigint
  scale: number
}

/** The exact sum of two JSON numbers as a JSON number; undefined when one of them is none, or is too large to spell out. */
export function addNumbers(a: string, b: string): string | undefined {
  const left = scaledOf(a)
  const right = scaledOf(b)
  if (left === undefined || right === undefined) return undefined
  const scale = Math.max(left.scale, right.scale)
  return format(raise(left, scale) + raise(right, scale), scale)
}

export const negate = (text: string): string => (text.startsWith('-') ? text.slice(1) : `-${text}`)

function scaledOf(text: string): Scaled | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = '', exponent = '0'] = match
  const scale = fraction.length - Number(exponent)
  if (Math.abs(scale) + whole!.length > MAX_DIGITS) return undefined
  const digits = BigInt(`${sign}${whole}${fraction}`)
  return scale >= 0 ? { value: digits, scale } : { value: digits * 10n ** BigInt(-scale), scale: 0 }
}

const raise = ({ value, scale }: Scaled, to: number): bigint => value * 10n ** BigInt(to - scale)

function format(value: bigint, scale: number): string {
  if (scale === 0) return value.toString()
  const sign = value < 0n ? '-' : ''
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
