#!/usr/bin/env node
import { runCli } from 'polity'
import { WidgetsModule } from './widgets.module.js'

await runCli({ plugins: [WidgetsModule] })
