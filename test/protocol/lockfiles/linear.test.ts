import t from 'tap'
import { inAnyRound } from '../../world/thread/rounds.ts'
import { threadTime } from '../../world/thread/thread-time.ts'
import { A, wrong } from './locks-as-text.ts'

const MANY = 100_000

/** What is long and says nothing, in every place of every lock where it can stand. */
function hostile(filler: string): readonly (readonly [path: string, text: string])[] {
  return [
    ['unknown', `demo${filler}x`],
    ['unknown', `${filler}demo`],
    ['r.txt', `demo${filler}==1.0`],
    ['r.txt', `demo[${filler}]==1.0`],
    ['r.txt', `demo ==${filler}1.0`],
    ['r.txt', `demo==1.0${filler}`],
    ['r.txt', `demo==1.0 ;${filler}x`],
    ['r.txt', `demo==1.0${filler}#${filler}x`],
    ['r.txt', `demo==1.0 --hash=sha256:${A}${filler}x`],
    ['r.txt', `-r${filler}x`],
    ['r.txt', `--index-url "${filler}`],
    ['r.txt', `${filler}\\\n${filler}\\`],
    ['r.txt', `# coding:${filler}x`],
    ['uv.lock', `version = 1${filler}\n[[package]]\nname = "${filler}"`],
    [
      'uv.lock',
      `version = 1\n${filler}[[package]]\nname = "demo"\nversion = "${filler}"\nsource = { registry = "https://r.example${filler}" }`,
    ],
    [
      'poetry.lock',
      `[[package]]\nname = "demo"\nversion = "1"\nfiles = [{file = "${filler}", hash = "sha256:${filler}"}]`,
    ],
    [
      'pdm.lock',
      `[[package]]\nname = "demo"\nversion = "1"\nfiles = [{url = "https://u.example/${filler}?${filler}#${filler}", hash = ""}]`,
    ],
    [
      'pylock.toml',
      `lock-version = "1.0"\n[[packages]]\nname = "demo"\nindex = "//${filler}@${filler}"\nwheels = [{ name = "${filler}" }]`,
    ],
    ['Pipfile.lock', `{${filler}"default": {"demo": {"version": "==${filler}1.0${filler}"}}}`],
  ]
}

t.test('a hundred thousand blanks, or anything else, are read at once', async t => {
  for (const piece of [
    ' ',
    '\t',
    '\u00a0',
    '-',
    '.',
    '[',
    '(',
    '#',
    '?',
    '@',
    '/',
    '\\',
    '"',
    ' #',
    '${A',
    '=',
    ',',
    'a',
    '\u2028',
    '\n ',
  ])
    for (const [index, [path, text]] of hostile(piece.repeat(MANY / piece.length)).entries()) {
      const { ms } = await threadTime(async () => wrong(path, text))
      // what is quadratic takes ten seconds and more
      if (ms > 1_000)
        await inAnyRound(
          t,
          `ms for ${path}, place ${index} with ${JSON.stringify(piece)}`,
          async () => ({ ms: (await threadTime(async () => wrong(path, text))).ms }),
          figures => figures.ms < 1_000,
        )
    }
  t.pass('nothing took long')
})

t.test('ten thousand packages of a Pipfile.lock are found at their lines', async t => {
  const entries = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`p${index}`, { version: '==1.0' }]))
  const text = JSON.stringify({ default: { ...entries, last: {} } }, undefined, 1)
  await inAnyRound(
    t,
    'ms for all of them',
    async () => {
      const { result, ms } = await threadTime(async () => wrong('Pipfile.lock', text))
      t.match(result, /Pipfile\.lock:30003: last is not/)
      return { ms }
    },
    ({ ms }) => ms < 2_000,
  )
})
