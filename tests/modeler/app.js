// The Modeler's canvas and properties panel, as a page: `openModel`, `applyTemplate`, `select` and `saveModel`.
import Modeler from 'bpmn-js/lib/Modeler';
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  ZeebePropertiesProviderModule
} from 'bpmn-js-properties-panel';
import { CloudElementTemplatesPropertiesProviderModule } from 'bpmn-js-element-templates';
import ElementTemplateIconRenderer from '@bpmn-io/element-template-icon-renderer';
import ZeebeBehaviorsModule from 'camunda-bpmn-js-behaviors/lib/camunda-cloud';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';

import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'bpmn-js-element-templates/dist/assets/element-templates.css';

const modeler = new Modeler({
  container: '#canvas',
  propertiesPanel: { parent: '#panel' },
  additionalModules: [
    BpmnPropertiesPanelModule,
    BpmnPropertiesProviderModule,
    ZeebePropertiesProviderModule,
    CloudElementTemplatesPropertiesProviderModule,
    ElementTemplateIconRenderer,
    ZeebeBehaviorsModule
  ],
  moddleExtensions: { zeebe }
});

const element = id => modeler.get('elementRegistry').get(id);

window.openModel = async (xml, templates) => {
  modeler.get('elementTemplatesLoader').setTemplates(templates);
  const { warnings } = await modeler.importXML(xml);
  modeler.get('canvas').zoom('fit-viewport', 'auto');
  return warnings.map(({ message }) => message);
};

window.select = id => modeler.get('selection').select(element(id));

window.applyTemplate = (id, name) => {
  const templates = modeler.get('elementTemplates');
  templates.applyTemplate(element(id), templates.get(name, templates.getLatest(name)[0].version));
};

window.saveModel = async () => (await modeler.saveXML({ format: true })).xml;
