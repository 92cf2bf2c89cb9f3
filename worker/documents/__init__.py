"""Documents: what references and function calls among the inputs stand for, and where documents are kept."""

from worker.documents.camunda import CamundaStore
from worker.documents.created import resolve_created_documents
from worker.documents.document import Document, DocumentStore, Metadata
from worker.documents.external import Downloaded
from worker.documents.folder import FolderStore
from worker.documents.memory import MemoryStore
from worker.documents.reference import InvalidReference, is_special, may_be_special
from worker.documents.resolver import Documents, Resolver
from worker.documents.spool import Spool

__all__ = [
    "CamundaStore",
    "Document",
    "DocumentStore",
    "Documents",
    "Downloaded",
    "FolderStore",
    "InvalidReference",
    "MemoryStore",
    "Metadata",
    "Resolver",
    "Spool",
    "is_special",
    "may_be_special",
    "resolve_created_documents",
]
