// As much of an XML property list as a LaunchAgent has. Throws for anything else, as launchd refuses it.

/** @returns {Record<string, unknown>} */
export function readPlist(/** @type {string} */ text) {
  const tokens = [...text.replace(/<\?.*?\?>|<!.*?>/gs, '').matchAll(/<(\/?[a-z]+)\s*(\/?)[^>]*>|([^<]+)/g)]
    .map((match) => ({tag: match[1], empty: match[2] === '/', text: match[3]}))
    .filter(({tag, text: words}) => tag !== undefined || (words ?? '').trim() !== '')
  let at = 0
  const next = () => tokens[at++] ?? fail('it ends too early')
  const expect = (/** @type {string} */ tag) => next().tag === tag || fail(`<${tag}> expected`)

  const words = (/** @type {string} */ tag) => {
    const token = next()
    if (token.tag === `/${tag}`) return ''
    expect(`/${tag}`)
    return unescape(token.text ?? fail(`text in <${tag}> expected`))
  }

  /** @returns {unknown} */
  const value = () => {
    const {tag, empty} = next()
    if (tag === 'true' || tag === 'false') return tag === 'true'
    if (empty) return tag === 'array' ? [] : tag === 'dict' ? {} : ''
    if (tag === 'string') return words(tag)
    if (tag === 'integer') return Number(words(tag))
    if (tag === 'array') return list()
    if (tag === 'dict') return dictionary()
    return fail(`<${tag}> is unknown`)
  }

  const list = () => {
    /** @type {unknown[]} */
    const items = []
    while (tokens[at]?.tag !== '/array') items.push(value())
    at++
    return items
  }

  const dictionary = () => {
    /** @type {Record<string, unknown>} */
    const entries = {}
    while (tokens[at]?.tag !== '/dict') {
      expect('key')
      const key = words('key')
      entries[key] = value()
    }
    at++
    return entries
  }

  expect('plist')
  expect('dict')
  return dictionary()
}

/** @returns {never} */
function fail(/** @type {string} */ why) {
  throw new Error(`not a property list: ${why}`)
}

const unescape = (/** @type {string} */ text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')
