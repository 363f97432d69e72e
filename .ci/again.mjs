// Names the test files of a suite that are worth a second look, alone: `node .ci/again.mjs FOLDER NAME`, one a line, where FOLDER
// has NAME.log. A test that fails beside others and passes alone is unsteady: a fault of the test, told as such, and none of the
// product. Not looked at again is what a second run would hide: properties, which draw other examples then; files that ran out of
// time with the whole suite; and more files than happen to fail together.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const MOST = 4

const [folder, name] = process.argv.slice(2)
const log = readFileSync(join(folder, `${name}.log`), 'utf8')
const isWhole = /^# \{ total: \d+/m.test(log)
const draws = /Property failed|Counterexample|"?seed"?:/.test(log)
const files = [...log.matchAll(/^not ok \d+ - (test\/\S+\.test\.ts)/gm)].map(([, file]) => file)
if (isWhole && !draws && files.length <= MOST) console.log(files.join('\n'))
