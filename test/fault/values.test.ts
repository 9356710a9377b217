import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { environmentOf } from '../support/program.js'
import { SET_UPS, World } from '../support/world.js'

const LIBRARY = fileURLToPath(new URL('../../dist/index.js', import.meta.url))

/** One line of JSON with what JavaScript, jq, cjson and shells like to change. */
const PATCH =
  '{"big":12345678901234567890,"dec":1.10,"exp":1E5,"neg":-0,"none":[],"empty":{},"10":"ten","2":"two","__proto__":{"x":1},' +
  '"constructor":"c","thai":"สวัสดีชาวโลก","emoji":"🎉👨‍👩‍👧","quotes":"it\'s \\"q\\"","line":"a\\nb\\r\\n\\tc","shell":"$(touch /tmp/never) `id` $HOME ; rm -rf x",' +
  '"back":"C:\\\\dir\\\\\\\\n","nul":"a\\u0000b","nested":[{"10":1.0,"2":[{}],"a":null}],"dotted.key":1,"slash/key~":2,"":3,"yes":true,"lua":"\' .. os.exit() .. \'"}'

const ASSIGNMENTS = ['a=$(touch /tmp/never)', 'b=it\'s "x"', 'c=12345678901234567890', 'd=1.10', 'e=[]', 'f={}', 'g=สวัสดี 🎉', 'h=x\ny', 'i=C:\\x', '10=z', '2=y']
const ASSIGNED =
  '{"a":"$(touch /tmp/never)","b":"it\'s \\"x\\"","c":12345678901234567890,"d":1.10,"e":[],"f":{},"g":"สวัสดี 🎉","h":"x\\ny","i":"C:\\\\x","10":"z","2":"y"}'

describe.each(SET_UPS)('with $name', (setUp) => {
  test('what goes in comes out: on the command line, in the file and in Redis', async () => {
    const world = await World.make(setUp)
    expect(await world.runWith({ input: PATCH }, 'set', 'mary', '--patch', '-')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    await world.ok('set', 'gg', ...ASSIGNMENTS)
    await world.quiet()
    expect(await world.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(`${PATCH}\n`)
    expect(await world.ok('get', 'context', '--agent', 'gg', '--compact')).toBe(`${ASSIGNED}\n`)
    expect(await world.ok('get')).toBe(await world.text())
    expect(await contextInFile(world, 'mary')).toBe(PATCH)
    expect(await contextInFile(world, 'gg')).toBe(ASSIGNED)
    if (world.server === undefined) return
    const client = await world.redis.client()
    expect(await client.hget('memory:agents:mary', 'context')).toBe(PATCH)
    expect(await client.hget('memory:agents:gg', 'context')).toBe(ASSIGNED)
  })

  test('what a hub of another start and a reader past it see is the same', async () => {
    const world = await World.make(setUp)
    await world.runWith({ input: PATCH }, 'set', 'mary', '--patch', '-')
    await world.quiet()
    if (world.hub === undefined) await world.startHub()
    world.hub?.signal('SIGKILL')
    await world.hub?.ended()
    expect(await world.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(`${PATCH}\n`)
    await world.startHub()
    expect(await world.ok('get', 'context', '--agent', 'mary', '--compact')).toBe(`${PATCH}\n`)
  })

  test('the library writes and reads the same text', async () => {
    const world = await World.make(setUp)
    const { keys, big, text, proto } = await throughLibrary(world)
    expect(keys).toEqual(['2', '10', 'big', '__proto__', 'text', 'none', 'empty'])
    expect({ big, proto }).toEqual({ big: '12345678901234567890', proto: true })
    expect(text).toBe('สวัสดี 🎉 "q" \\ $(id)\n')
    const context = await world.ok('get', 'context', '--agent', 'mary', '--compact')
    expect(context).toBe(
      '{"2":"two","10":"ten","big":12345678901234567890,"__proto__":{"x":1},"text":"สวัสดี 🎉 \\"q\\" \\\\ $(id)\\n","none":[],"empty":{}}\n',
    )
  })
})

/** The agent's context in the file, as one line, by a reader that keeps texts: only layout outside of strings goes. */
async function contextInFile(world: World, agent: string): Promise<string> {
  const text = await world.text()
  const compact = text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, '$1')
  const record = compact.slice(compact.indexOf(`"${agent}":{`))
  const from = record.indexOf('"context":') + '"context":'.length
  let [depth, at, inString] = [0, from, false]
  do {
    const character = record[at++]
    if (inString) {
      if (character === '\\') at++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{') depth++
    else if (character === '}') depth--
  } while (depth > 0 && at < record.length)
  return record.slice(from, at)
}

/** As another program would use it: the built package, in a process of its own. */
async function throughLibrary(world: World): Promise<{ keys: string[]; big: unknown; text: unknown; proto: boolean }> {
  const program = `
    import { openMemory } from ${JSON.stringify(LIBRARY)}
    const memory = await openMemory()
    const patch = JSON.parse('{"2":"two","10":"ten","big":0,"__proto__":{"x":1},"text":"","none":[],"empty":{}}')
    patch.big = 12345678901234567890n
    patch.text = 'สวัสดี 🎉 "q" \\\\ $(id)\\n'
    await memory.updateAgentContext('mary', patch)
    const { context } = (await memory.getUnifiedContext()).agents.mary
    const proto = Object.hasOwn(context, '__proto__') && {}.x === undefined
    console.log(JSON.stringify({ keys: Object.keys(context), big: context.big, text: context.text, proto }))
    await memory.close()
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: environmentOf(world.options),
  })
  return JSON.parse(stdout) as Awaited<ReturnType<typeof throughLibrary>>
}
