'use strict'
// tap loads this into every process that it starts, and starts it by itself before any test (.taprc): an older Node is told there
// what to do instead, once, and tap ends with it.

var isAlone = /[\\/]old-node\.cjs$/.test(process.argv[1] || '')

/** At once: asked politely, tap would tell of a test that did not finish. Only the first process can know that its parent is tap. */
function endTap(code) {
  if (code !== 0) process.kill(process.ppid, 'SIGKILL')
}

if (isAlone) process.once('exit', endTap)
require('../bin/node-version.cjs')
// else it would leave a record of itself in a folder that tap is emptying
if (isAlone) process.exit(0)
