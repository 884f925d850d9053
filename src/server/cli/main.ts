import '../../platform/navigator.js'
import { runCli } from './run.js'

await runCli()
