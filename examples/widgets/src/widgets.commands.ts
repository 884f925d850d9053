import { type AddCommands, operator, toDto } from 'polity'
import { CreateWidget } from './widget.dto.js'
import { WidgetsService } from './widgets.service.js'

export const addWidgets: AddCommands = (program, { withServices, print }) => {
  const widgets = program.command('widgets').description('manage widgets')
  widgets.command('create <organization> <name>').action(async (organization_id: string, name: string) => {
    const widget = await toDto(CreateWidget, { name })
    const by = { ...operator, organization_id }
    const made = await withServices((services) => services.get(WidgetsService).create(by, widget))
    await print(made, ({ id }) => `Made the widget ${name}, ${id}.`)
  })
}
