import { execFile } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** As tap 21 printed them. */
const PASSED = `TAP version 14
1..1
# Subtest: test/unit/name.test.ts
    # Subtest: names
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - names # time=2.791ms

    1..1
    # time=15.25ms
ok 1 - test/unit/name.test.ts # time=15.25ms

# No coverage generated
# { total: 82, pass: 82 }
# time=363.517ms`

const SKIPPED = `TAP version 14
# Subtest: test/image/image.test.ts
    ok 1 - the image is built # SKIP buildah missing (apt-get install buildah)
    # Subtest: two
        ok 1 - assert # SKIP
        ok 2 - later # TODO
        1..2
    ok 2 - two # time=7.777ms
ok 1 - test/image/image.test.ts # time=15.25ms

# { total: 6, pass: 3, todo: 1, skip: 2 }
# time=363.517ms`

const FAILED = `TAP version 14
# Subtest: test/unit/name.test.ts
    not ok 1 - names fold # time=1.5ms
      ---
      diff: |
        -# { total: 1000, pass: 1000 }
      ...
    1..1
not ok 1 - test/unit/name.test.ts # time=15.25ms

# { total: 44, pass: 38, fail: 6 }
# time=363.517ms`

interface Answer {
  readonly prints: string
  readonly code?: number
}

/** The words after `npm`, as `.ci/run` says them, and what each does here. */
interface Scripts {
  readonly ci?: Answer
  readonly test?: Answer
  readonly 'run check'?: Answer
  readonly 'run test:clients'?: Answer
  readonly 'run test:nemesis -- --minutes 1'?: Answer
  readonly 'run test:image'?: Answer
  readonly 'exec -- tap --jobs=1 --timeout=900 test/unit/name.test.ts'?: Answer
}

interface Closing {
  readonly code: number
  readonly last: string
  readonly out: string
}

/** `.ci/run` where npm only prints; nothing is installed on the machine. */
function runCi(
  t: Test,
  scripts: Scripts,
  folders: readonly string[] = ['test/nemesis', 'test/clients', 'test/image'],
): Promise<Closing> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-ci-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(checkout, '.ci'), join(folder, '.ci'), { recursive: true })
  for (const suite of folders) {
    mkdirSync(join(folder, suite), { recursive: true })
    writeFileSync(join(folder, suite, 'a.test.ts'), '')
  }
  const answers = Object.entries(scripts).map(([words, { prints, code = 0 }]: [string, Answer], index) => {
    writeFileSync(join(folder, `${index}.txt`), `${prints}\n`)
    return `'${words}') cat '${folder}/${index}.txt'; exit ${code};;`
  })
  mkdirSync(join(folder, 'bin'))
  program(join(folder, 'bin/npm'), `case "$*" in ${answers.join(' ')} esac`)
  for (const fetching of ['apt-get', 'go']) program(join(folder, 'bin', fetching), 'exit 1')
  return new Promise(resolve =>
    execFile(
      'bash',
      [join(folder, '.ci/run')],
      { cwd: '/', env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` } },
      (error, out) =>
        resolve({
          code: error === null ? 0 : Number(error.code),
          last: out.trimEnd().split('\n').at(-1) ?? '',
          out,
        }),
    ),
  )
}

function program(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

t.test('the last line adds up every run of tap', async t => {
  const scripts = {
    test: { prints: PASSED },
    'run check': { prints: PASSED },
    'run test:nemesis -- --minutes 1': { prints: PASSED },
    'run test:image': { prints: SKIPPED },
  }
  const { code, last, out } = await runCi(t, scripts)
  t.equal(last, '249 passed, 0 failed, 2 skipped')
  t.equal(code, 0)
  t.match(
    out,
    'image: the image is built: buildah missing (apt-get install buildah)',
    'skips are listed with their reason',
  )
  t.notMatch(out, 'failed:')
})

t.test('a failed test fails the run, and the suites after it still run', async t => {
  const { code, last, out } = await runCi(t, {
    test: { prints: FAILED, code: 1 },
    'run test:image': { prints: PASSED },
  })
  t.equal(last, '120 passed, 6 failed, 0 skipped')
  t.equal(code, 1)
  t.match(out, 'tests: exit code 1')
  t.match(out, 'tests: names fold\n')
  t.match(out, '\nwhy:\n  tests: names fold\n    diff: ', 'and what it saw, once more')
})

const ALONE = 'exec -- tap --jobs=1 --timeout=900 test/unit/name.test.ts'

t.test('what fails beside others and passes alone is told as unsteady', async t => {
  const { code, last, out } = await runCi(t, { test: { prints: FAILED, code: 1 }, [ALONE]: { prints: PASSED } })
  t.equal(last, '38 passed, 0 failed, 0 skipped', 'each is counted once')
  t.equal(code, 0)
  t.match(out, '\nunsteady: failed beside others, passed alone:\n  tests: names fold\n')
  t.match(out, '\nwhy:\n  tests: names fold\n')
})

t.test('what fails alone too has failed', async t => {
  const { code, last } = await runCi(t, { test: { prints: FAILED, code: 1 }, [ALONE]: { prints: FAILED, code: 1 } })
  t.equal(last, '38 passed, 6 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('a property gets no second chance: it would draw other examples', async t => {
  const drawn = FAILED.replace('diff: |', 'error: "Property failed after 3 tests"')
  const { code, last } = await runCi(t, { test: { prints: drawn, code: 1 }, [ALONE]: { prints: PASSED } })
  t.equal(last, '38 passed, 6 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('many that fail together are no accident', async t => {
  const many = FAILED.replaceAll(
    'not ok 1 - test/unit/name.test.ts',
    ['a', 'b', 'c', 'd', 'name'].map(name => `not ok 1 - test/unit/${name}.test.ts`).join('\n'),
  )
  const { code } = await runCi(t, { test: { prints: many, code: 1 }, [ALONE]: { prints: PASSED } })
  t.equal(code, 1)
})

t.test('a step that ends badly without counting has failed', async t => {
  const { code, last } = await runCi(t, { test: { prints: PASSED }, 'run check': { prints: 'error TS2322', code: 2 } })
  t.equal(last, '82 passed, 1 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('a failed count fails the run whatever the exit code was', async t => {
  const { code, last } = await runCi(t, { test: { prints: FAILED } })
  t.equal(last, '38 passed, 6 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('an install that fails is a failure', async t => {
  const { code, last } = await runCi(t, { ci: { prints: 'npm error', code: 1 }, test: { prints: PASSED } })
  t.equal(last, '82 passed, 1 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('nothing that ran is a failure', async t => {
  const { code, last } = await runCi(t, { test: { prints: 'No valid test files found' } })
  t.equal(last, '0 passed, 0 failed, 0 skipped')
  t.equal(code, 1)
})

t.test('a suite whose folder has no tests breaks nothing', async t => {
  const { code, last, out } = await runCi(t, { test: { prints: PASSED } }, [])
  t.equal(last, '82 passed, 0 failed, 0 skipped')
  t.equal(code, 0)
  t.match(out, 'test/clients has no tests')
})

t.test('no test stands where nothing runs it', async t => {
  const own = ['built', 'clients', 'image', 'nemesis']
  const within = /test\/\{(?<rooms>[\w,]+)\}\/\*\*\/\*\.test\.ts/.exec(readFileSync(join(checkout, '.taprc'), 'utf8'))
  const rooms = new Set([...(within?.groups?.['rooms'] ?? '').split(','), ...own])
  const tests = globSync('test/**/*.test.ts', { cwd: checkout })
  t.ok(tests.length > 0)
  t.strictSame(
    tests.filter(test => !rooms.has(test.split('/')[1] ?? '')),
    [],
  )
})
