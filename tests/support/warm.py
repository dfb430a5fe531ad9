"""Rules and models, loaded by whoever imports this: forks of that process share them."""

from tests.support.pipelines import CONFIG
from worker import bootstrap

CONFIG.warm()
bootstrap.warm()
